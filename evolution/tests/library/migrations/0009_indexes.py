"""Indexes and constraints that 0004 leaves out."""

from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    dependencies = [("library", "0008_columns")]
    operations = [
        migrations.AlterOrderWithRespectTo("Standing", "shelf"),
        migrations.AlterIndexTogether("Loan", {("until", "note"), ("note", "until")}),
        migrations.RenameIndex("Loan", new_name="loan_until_note", old_fields=("until", "note")),
        migrations.AlterIndexTogether("Loan", set()),
        migrations.AddIndex("Book", models.Index(Lower("title").desc(), "pages", name="book_lower_title")),
        migrations.AddIndex(
            "Book", models.Index(fields=["isbn"], condition=models.Q(pages__gt=5), name="book_thick")
        ),
        migrations.AddConstraint("Keeper", models.UniqueConstraint(Lower("name"), "id", name="keeper_once")),
        migrations.AddConstraint(
            "Keeper",
            models.UniqueConstraint(fields=["name"], condition=models.Q(id__gt=4), name="keeper_late"),
        ),
        migrations.AlterConstraint(
            "Shelf",
            "shelf_place",
            models.CheckConstraint(
                condition=models.Q(place__gte=0), name="shelf_place", violation_error_message="Not there."
            ),
        ),
        migrations.RemoveConstraint("Shelf", "shelf_place"),
        migrations.RemoveConstraint("Shelf", "shelf_once"),
        migrations.RemoveIndex("Shelf", "shelf_by_place"),
        migrations.AlterUniqueTogether("Shelf", {("place", "guard", "chamber")}),
        migrations.AlterUniqueTogether("Shelf", set()),
        migrations.RemoveConstraint("Keeper", "keeper_once"),
    ]
