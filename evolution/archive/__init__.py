"""What migrations drop or narrow, kept in the database itself, and brought back where they go the other way.

A dropped table is kept whole, of a dropped column the values by primary key, of a narrowed one those that it no longer
holds. Each is one entry with a table of its own, `evolution_archive_…`, in which stands what is not anywhere else: what
was brought back is taken out of it.
"""

from evolution.archive.editor import archiving
from evolution.archive.entries import Archive

__all__ = ["Archive", "archiving"]
