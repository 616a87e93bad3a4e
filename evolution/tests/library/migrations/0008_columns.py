"""Columns of every kind: computed, with the database's own default, with a comment, and keys that lead elsewhere."""

from django.db import migrations, models
from django.db.models import F, Value
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    dependencies = [("library", "0007_rows")]
    operations = [
        migrations.AddField("Book", "copies", models.IntegerField(db_default=Value(3))),
        migrations.AddField("Book", "sign", models.CharField(max_length=5, db_default=Lower(Value("ABC")))),
        migrations.RunSQL("UPDATE library_item SET sign = '%x' WHERE id = 3", migrations.RunSQL.noop),
        migrations.AlterField("Book", "copies", models.IntegerField(db_default=Value(4))),
        migrations.AlterField(
            "Book", "copies", models.BigIntegerField(default=5, db_comment="On the shelves")
        ),
        migrations.AlterField("Book", "copies", models.BigIntegerField(default=5, db_comment="Ours: '7'")),
        migrations.AddField(
            "Book",
            "sheets",
            models.GeneratedField(
                expression=F("pages") + 1, output_field=models.IntegerField(), db_persist=True
            ),
        ),
        migrations.AddField(
            "Book",
            "edition_of",
            models.ForeignKey("self", models.SET_NULL, null=True, related_name="editions"),
        ),
        migrations.AddField(
            "Loan",
            "keeper",
            models.OneToOneField("library.Keeper", models.SET_NULL, null=True, related_name="+"),
        ),
        migrations.AddField("Loan", "fee", models.DecimalField(max_digits=6, decimal_places=2, null=True)),
        migrations.AddField("Loan", "shelf_number", models.IntegerField(default=1)),
        # A number becomes a key, a key leads elsewhere, a key becomes a number.
        migrations.AlterField(
            "Loan",
            "shelf_number",
            models.ForeignKey("library.Shelf", models.CASCADE, null=True, related_name="+"),
        ),
        migrations.AlterField(
            "Shelf", "keeper", models.ForeignKey("library.Keeper", models.SET_NULL, null=True)
        ),
        migrations.AlterField("Visit", "loan", models.IntegerField(db_column="loan_id")),
        # The numbers of rows that others point to, plainly, by a child and by many-to-many.
        migrations.AlterField("Writer", "id", models.BigAutoField(primary_key=True)),
        migrations.AlterField("Shelf", "id", models.BigAutoField(primary_key=True)),
        migrations.AlterField("Book", "related", models.ManyToManyField("self", db_table="library_kin")),
        migrations.RenameField("Shelf", "keeper", "guard"),
        migrations.RenameField("Shelf", "room", "chamber"),
        migrations.AlterField("Shelf", "chamber", models.CharField(max_length=12, unique=True)),
        migrations.RemoveField("Loan", "fee"),
        migrations.RemoveField("Loan", "keeper"),
        migrations.RemoveField("Book", "editor"),
    ]
