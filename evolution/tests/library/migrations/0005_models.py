"""Models that are made, renamed, moved to another table and deleted."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0004_constraints")]
    accepted = {
        "evolution.E204": "the note goes by a statement of its own, to have one of those among the rest"
    }
    operations = [
        migrations.CreateModel(
            "Loan",
            [
                ("id", models.AutoField(primary_key=True)),
                ("book", models.ForeignKey("library.Book", models.CASCADE)),
                ("day", models.DateField(db_index=True)),
            ],
        ),
        migrations.RenameModel("Author", "Writer"),
        migrations.AlterModelTable("Book", "library_item"),
        migrations.RenameField("Loan", "day", "until"),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE library_loan ADD COLUMN note varchar(20)",
                    "ALTER TABLE library_loan DROP COLUMN note",
                )
            ],
            state_operations=[
                migrations.AddField("Loan", "note", models.CharField(max_length=20, null=True))
            ],
        ),
        migrations.AlterField("Loan", "id", models.BigAutoField(primary_key=True)),
        migrations.DeleteModel("Poster"),
    ]
