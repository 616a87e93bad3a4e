"""Authors and their books, with tags."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            "Tag", [("id", models.AutoField(primary_key=True)), ("word", models.CharField(max_length=20))]
        ),
        migrations.CreateModel(
            "Author",
            [
                ("id", models.AutoField(primary_key=True)),
                ("name", models.CharField(max_length=40, null=True)),
            ],
        ),
        migrations.CreateModel(
            "Book",
            [
                ("id", models.AutoField(primary_key=True)),
                ("title", models.CharField(max_length=40)),
                ("price", models.DecimalField(max_digits=8, decimal_places=2)),
                ("author", models.ForeignKey("library.Author", models.PROTECT)),
                ("tags", models.ManyToManyField("library.Tag")),
            ],
        ),
        migrations.CreateModel(
            "Poster", [("id", models.AutoField(primary_key=True)), ("size", models.CharField(max_length=5))]
        ),
    ]
