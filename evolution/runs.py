"""Runs of `migrate`: begun and ended, with who, where and what of the code."""

import getpass
import socket
import subprocess

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from evolution.models import Run
from evolution.tables import ensure_tables


def begin(connection: BaseDatabaseWrapper) -> Run:
    """Write down that a run begins."""
    ensure_tables(connection)
    return Run.objects.using(connection.alias).create(
        user=_user(), host=socket.gethostname(), revision=_revision()
    )


def end(run: Run, error: BaseException | None = None) -> None:
    """Write down how the run ended; with `error`, that it failed."""
    run.finished_at = timezone.now()
    run.outcome = Run.Outcome.FINISHED if error is None else Run.Outcome.FAILED
    run.error = "" if error is None else f"{type(error).__name__}: {error}"
    run.save(update_fields=["finished_at", "outcome", "error"])


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in a container
        return ""


def _revision() -> str:
    """The commit of the code, where it runs from a git checkout."""
    folder = getattr(settings, "BASE_DIR", None)
    if folder is None:
        return ""
    command = ["git", "-C", str(folder), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return ""
