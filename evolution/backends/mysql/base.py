"""Django's MySQL and MariaDB backend with a schema editor whose statements leave writers alone."""

from django.db.backends.mysql import base

from evolution.backends.mysql.schema import DatabaseSchemaEditor


class DatabaseWrapper(base.DatabaseWrapper):
    SchemaEditorClass = DatabaseSchemaEditor
