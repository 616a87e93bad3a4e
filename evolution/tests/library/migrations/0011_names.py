"""Models with relations of every kind get another name, another table, another comment."""

from django.db import migrations, models

from evolution.operations import AddRequiredField, AlterModelTableWithView, SetDatabaseDefault


def first_name(apps, database):
    writers = apps.get_model("library", "Writer").objects.using(database)
    return writers.order_by("pk").values_list("name", flat=True).first()


def first_writer(apps, database):
    writers = apps.get_model("library", "Writer").objects.using(database)
    return writers.order_by("pk").values_list("pk", flat=True).first()


class Migration(migrations.Migration):
    dependencies = [("library", "0010_step_by_step")]
    operations = [
        migrations.RenameModel("Shelf", "Rack"),
        migrations.AlterModelTable("Rack", "library_stand"),
        migrations.AlterModelTableComment("Rack", "Where they 'stand'"),
        migrations.AlterModelTableComment("Visit", "Who came"),
        migrations.RenameModel("Book", "Volume"),
        migrations.RenameModel("Tag", "Keyword"),
        migrations.RenameField("Rack", "words", "keywords"),
        SetDatabaseDefault("Loan", "note", value=first_name),
        AlterModelTableWithView("Loan", "library_lent"),
        migrations.AddField("Keyword", "broader", models.ForeignKey("self", models.CASCADE, null=True)),
        AddRequiredField(
            "Loan", "lender", models.ForeignKey("library.Writer", models.CASCADE), value=first_writer
        ),
    ]
