"""Django's SQLite backend with a schema editor that keeps the next id of a table it rebuilds."""

from django.db.backends.sqlite3 import base

from evolution.backends.sqlite3.schema import DatabaseSchemaEditor


class DatabaseWrapper(base.DatabaseWrapper):
    SchemaEditorClass = DatabaseSchemaEditor
