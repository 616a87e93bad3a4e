"""Django's MySQL and MariaDB backend with a schema editor whose statements leave those who write alone."""

from django.db.backends.mysql import base

from evolution.backends.mysql.schema import DatabaseSchemaEditor


class DatabaseWrapper(base.DatabaseWrapper):
    SchemaEditorClass = DatabaseSchemaEditor
