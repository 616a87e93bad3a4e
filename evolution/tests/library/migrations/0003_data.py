"""Data steps: by code, in one transaction and without one, and by statement."""

from django.db import migrations


def number(apps, schema_editor):
    books = apps.get_model("library", "Book").objects.using(schema_editor.connection.alias)
    for book in books.order_by("pk"):
        book.isbn = f"{book.pk:013}"
        book.save()


def unnumber(apps, schema_editor):
    apps.get_model("library", "Book").objects.using(schema_editor.connection.alias).update(isbn=None)


def add_author(apps, schema_editor):
    authors = apps.get_model("library", "Author").objects.using(schema_editor.connection.alias)
    # A number of its own: one that the database gives is another one after a transaction that was rolled back.
    authors.create(pk=99, name="Anonymous")


def remove_author(apps, schema_editor):
    authors = apps.get_model("library", "Author").objects.using(schema_editor.connection.alias)
    authors.filter(name="Anonymous").delete()


class Migration(migrations.Migration):
    dependencies = [("library", "0002_fields")]
    operations = [
        migrations.RunPython(number, unnumber, atomic=False),
        migrations.RunPython(add_author, remove_author),
        migrations.RunSQL(
            "UPDATE library_book SET pages = pages + 1", "UPDATE library_book SET pages = pages - 1"
        ),
    ]
