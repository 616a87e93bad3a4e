"""What a run has put into the archive and taken out of it, in words."""

from collections.abc import Iterable

from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.archive.entries import entries, tidy
from evolution.models import ArchiveEntry, Run
from evolution.report import Report, counted


def report_archive(connection: BaseDatabaseWrapper, report: Report, run: Run) -> None:
    """Say what a run that has ended kept and brought back, and remove the entries that it has emptied."""
    found = sorted(entries(connection), key=lambda entry: entry.number)
    if kept := [entry for entry in found if entry.run_id == run.pk and not entry.restored_at]:
        report.note(_listed("Kept in the archive", [(entry, entry.row_count) for entry in kept]))
    back = [entry for entry in found if entry.restored_at and entry.restored_at >= run.started_at]
    if some := [(entry, entry.restored_count) for entry in back if entry.restored_count]:
        report.note(_listed("Brought back from the archive", some))
    for entry in back:
        if entry.conflicts:
            report.warn(
                f"{in_words(entry, entry.conflicts)} could not be brought back: the row is gone or was written since, "
                f"or what it points to is gone. They stay in the archive: manage.py archive show {entry.number}"
            )
    tidy(connection)


def in_words(entry: ArchiveEntry, number: int) -> str:
    """ "2 values of book.title", "1 row of book"."""
    return f"{counted(number, 'value' if entry.column_name else 'row')} of {entry}"


def _listed(title: str, found: Iterable[tuple[ArchiveEntry, int]]) -> str:
    return "\n".join([f"{title}:", *(f"  {in_words(entry, number)}" for entry, number in found)])
