"""Models with all that a model can have from the start, and operations that change the state alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0005_models")]
    operations = [
        migrations.CreateModel(
            "Keeper", [("id", models.AutoField(primary_key=True)), ("name", models.CharField(max_length=40))]
        ),
        migrations.CreateModel(
            "Shelf",
            [
                ("id", models.AutoField(primary_key=True)),
                ("room", models.CharField(max_length=10, db_comment="As on the 'door'")),
                ("place", models.IntegerField()),
                ("keeper", models.ForeignKey("library.Writer", models.SET_NULL, null=True)),
                ("words", models.ManyToManyField("library.Tag")),
                ("near", models.ManyToManyField("self")),
            ],
            options={
                "db_table_comment": "Where books stand",
                "unique_together": {("room", "place")},
                "indexes": [models.Index(fields=["place", "-id"], name="shelf_by_place")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(place__gte=0), name="shelf_place"),
                    models.UniqueConstraint(fields=["place", "id"], name="shelf_once"),
                ],
            },
        ),
        migrations.CreateModel(
            "Standing",
            [
                ("id", models.AutoField(primary_key=True)),
                ("shelf", models.ForeignKey("library.Shelf", models.CASCADE)),
                ("book", models.ForeignKey("library.Book", models.CASCADE, db_constraint=False)),
            ],
        ),
        migrations.AddField(
            "Shelf", "books", models.ManyToManyField("library.Book", through="library.Standing")
        ),
        migrations.CreateModel(
            "Bookcase",
            [
                (
                    "shelf_ptr",
                    models.OneToOneField(
                        "library.Shelf", models.CASCADE, parent_link=True, primary_key=True, serialize=False
                    ),
                ),
                ("doors", models.IntegerField(default=2)),
            ],
            bases=("library.shelf",),
        ),
        migrations.CreateModel("OpenShelf", [], options={"proxy": True}, bases=("library.shelf",)),
        migrations.CreateModel(
            "Visit",
            [
                ("id", models.AutoField(primary_key=True)),
                ("loan", models.ForeignKey("library.Loan", models.CASCADE)),
            ],
            options={"order_with_respect_to": "loan"},
        ),
        migrations.AlterModelOptions("Shelf", {"verbose_name": "shelf", "ordering": ["place"]}),
        migrations.AlterModelManagers("Shelf", [("kept", models.Manager())]),
    ]
