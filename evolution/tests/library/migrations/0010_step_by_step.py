"""A migration that is in no transaction, on any database."""

from django.db import migrations, models


def price(apps, schema_editor):
    loans = apps.get_model("library", "Loan").objects.using(schema_editor.connection.alias)
    for loan in loans.order_by("pk"):
        loan.price = loan.pk * 10
        loan.save()


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("library", "0009_indexes")]
    operations = [
        migrations.AddField("Loan", "price", models.IntegerField(null=True)),
        migrations.RunPython(price, migrations.RunPython.noop),
        migrations.AlterField("Loan", "price", models.IntegerField(default=0)),
        migrations.RunPython(price, migrations.RunPython.noop, atomic=True),
        migrations.RenameField("Loan", "price", "fine"),
        migrations.AddIndex("Loan", models.Index(fields=["fine"], name="loan_fine")),
        # Django renames no model that others inherit from, or did at the beginning of the run.
        migrations.DeleteModel("OpenShelf"),
        migrations.DeleteModel("Bookcase"),
    ]
