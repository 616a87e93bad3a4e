"""Fields that are added, changed, renamed and removed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0001_books")]
    operations = [
        migrations.AddField("Book", "isbn", models.CharField(max_length=13, null=True)),
        migrations.AddField("Book", "pages", models.IntegerField(default=100)),
        migrations.AddField(
            "Book", "blurb", models.TextField(default='It\'s 100 % "good"\\ 🚀'), preserve_default=False
        ),
        migrations.AddField(
            "Book", "editor", models.ForeignKey("library.Author", models.PROTECT, null=True, related_name="+")
        ),
        migrations.AlterField("Book", "title", models.CharField(max_length=200, null=True)),
        migrations.AlterField("Author", "name", models.CharField(max_length=40, default="unknown")),
        migrations.RenameField("Book", "price", "cost"),
        migrations.AlterField(
            "Book", "cost", models.DecimalField(max_digits=10, decimal_places=2, db_column="net")
        ),
        migrations.AddField("Book", "related", models.ManyToManyField("self")),
        migrations.RemoveField("Book", "tags"),
    ]
