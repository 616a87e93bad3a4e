"""Django's MySQL and MariaDB backend with a schema editor whose statements leave writers alone."""

from django.db.backends.mysql import base, features

from evolution.backends.mysql.schema import DatabaseSchemaEditor


class DatabaseFeatures(features.DatabaseFeatures):
    can_create_inline_fk = False  # a column comes without its foreign key


class DatabaseWrapper(base.DatabaseWrapper):
    SchemaEditorClass = DatabaseSchemaEditor
    features_class = DatabaseFeatures
