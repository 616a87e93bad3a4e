"""What others point to, and what points to others, goes."""

from importlib import import_module

from django.db import migrations

from evolution.operations import DropDatabaseDefault, DropTableView

first_name = import_module("evolution.tests.library.migrations.0011_names").first_name


class Migration(migrations.Migration):
    dependencies = [("library", "0011_names")]
    operations = [
        DropTableView(
            "Loan", "library_loan", columns=["id", "book_id", "until", "note", "shelf_number_id", "fine"]
        ),
        migrations.RemoveField("Rack", "books"),
        migrations.AlterOrderWithRespectTo("Standing", None),
        migrations.DeleteModel("Standing"),
        migrations.DeleteModel("Visit"),
        migrations.RemoveField("Loan", "shelf_number"),
        migrations.RemoveField("Rack", "near"),
        migrations.DeleteModel("Rack"),
        migrations.RemoveField("Volume", "sheets"),
        migrations.RemoveField("Volume", "edition_of"),
        migrations.DeleteModel("Keeper"),
        DropDatabaseDefault("Loan", "note", value=first_name),
    ]
