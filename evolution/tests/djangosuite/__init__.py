"""Django's own tests of migrations, on stock Django or on this application; scripts/djangosuite.py runs them.

On this application means: its SQLite backend, with the editor that keeps what stands on a table, and its executor
wherever the tests or Django's `migrate` ask for `MigrationExecutor`. Every test begins with an empty journal, as it
begins with an empty database. The databases themselves are made by this application's `migrate`.
"""
