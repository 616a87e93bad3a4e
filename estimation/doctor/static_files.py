"""The static files: whether those of this release are collected."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import staticfiles_storage

from estimation.doctor.findings import Finding, ok, problem, warning

COLLECT = "Run: manage.py collectstatic --no-input, and restart."


def look() -> Iterator[Finding]:
    """What pages would not find."""
    storage: Any = staticfiles_storage
    name = getattr(storage, "manifest_name", "")
    if not name:
        yield ok("static files", "Served from where they are written.")
        return
    manifest = Path(storage.path(name))
    collected, _hash = storage.load_manifest()
    files = dict(_of_this_release())
    missing = sorted(files.keys() - collected.keys())
    if not manifest.is_file():
        yield problem("static files", "They are not collected, and pages fail.", COLLECT)
    elif missing:
        yield problem("static files", f"Not collected: {missing[0]} and {len(missing) - 1} more.", COLLECT)
    elif any(path.stat().st_mtime > manifest.stat().st_mtime for path in files.values()):
        yield warning("static files", "Some are newer than when they were collected.", COLLECT)
    else:
        yield ok("static files", f"{len(files)} are collected.")


def _of_this_release() -> Iterator[tuple[str, Path]]:
    for finder in get_finders():
        for path, storage in finder.list([]):
            yield path, Path(storage.path(path))
