"""Indexes and constraints of every kind."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0003_data")]
    operations = [
        migrations.AddIndex("Book", models.Index(fields=["title"], name="book_title")),
        migrations.RenameIndex("Book", new_name="book_by_title", old_name="book_title"),
        migrations.AddConstraint(
            "Book", models.UniqueConstraint(fields=["author", "isbn"], name="book_once")
        ),
        migrations.AddConstraint(
            "Book", models.CheckConstraint(condition=models.Q(pages__gt=0), name="book_has_pages")
        ),
        migrations.AlterField("Book", "isbn", models.CharField(max_length=13, unique=True, null=True)),
        migrations.AlterUniqueTogether("Author", {("id", "name")}),
        migrations.RemoveConstraint("Book", "book_once"),
        migrations.RemoveIndex("Book", "book_by_title"),
    ]
