"""Rows in every table, so that no later operation has an easy life. Their numbers are given, as no run may differ."""

import datetime

from django.db import migrations


def fill(apps, schema_editor):
    def rows(model):
        return model._default_manager.using(schema_editor.connection.alias)

    def model(name):
        return apps.get_model("library", name)

    book, shelf = model("Book"), model("Shelf")
    if not rows(book).exists():
        return  # a new database, which has nothing for them to belong to
    for number in range(1, 5):
        rows(model("Keeper")).create(pk=number * 2, name=f"K {number} ☃")
        rows(shelf).create(pk=number, room=f"R'{number}", place=number, keeper_id=number * 2)
        rows(shelf.words.through).create(pk=number, shelf_id=number, tag_id=number)
        rows(model("Standing")).create(pk=number, shelf_id=number, book_id=number * 3)
        rows(model("Loan")).create(
            pk=number,
            book_id=number * 3,
            until=datetime.date(2026, 2, number),
            note=None if number % 2 else "n",
        )
        rows(model("Visit")).create(pk=number, loan_id=number, _order=number)
    for number, (one, other) in enumerate([(1, 2), (2, 1)], start=1):
        rows(shelf.near.through).create(pk=number, from_shelf_id=one, to_shelf_id=other)
        rows(book.related.through).create(pk=number, from_book_id=one * 3, to_book_id=other * 3)
    rows(model("Bookcase")).create(pk=9, room="Hall", place=9, keeper_id=None, doors=3)


def empty(apps, schema_editor):
    book, shelf = apps.get_model("library", "Book"), apps.get_model("library", "Shelf")
    models = [apps.get_model("library", name) for name in ("Visit", "Loan", "Standing", "Bookcase")]
    models += [shelf.words.through, shelf.near.through, book.related.through, shelf]
    for model in [*models, apps.get_model("library", "Keeper")]:
        rows = model._default_manager.using(schema_editor.connection.alias)
        rows.all()._raw_delete(rows.db)  # nothing else has to go with them


class Migration(migrations.Migration):
    dependencies = [("library", "0006_shelves")]
    operations = [
        migrations.RunPython(fill, empty),
        migrations.RunSQL(
            [
                ("UPDATE library_keeper SET name = %s WHERE id = %s", ["100 % 'k' \\ ☃", 2]),
                "UPDATE library_tag SET word = 'per%cent' WHERE id = 2",
            ],
            [("UPDATE library_tag SET word = %s WHERE id = %s", ["W 2", 2])],
        ),
        migrations.RunSQL(
            "UPDATE library_tag SET word = '; %' WHERE id = 3; UPDATE library_tag SET word = 'four' WHERE id = 4;",
            "UPDATE library_tag SET word = 'W 3' WHERE id = 3; UPDATE library_tag SET word = 'W 4' WHERE id = 4;",
        ),
    ]
