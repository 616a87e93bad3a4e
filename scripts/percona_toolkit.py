"""pt-online-schema-change from Debian's percona-toolkit, unpacked and not installed. For the benchmarks."""

from __future__ import annotations

import os
from urllib.parse import unquote, urlsplit

from database_servers import CACHE
from debian_packages import unpacked

SUITE = "sid"  # bookworm's does not know MySQL's newer words


def online_schema_change(url: str, table: str, alter: str) -> tuple[list[str], dict[str, str]]:
    """The command that changes `table` of the database at `url` (mysql://…) so, and its environment.

    Raises NotAvailable where the package can't be had.
    """
    programs = unpacked("percona-toolkit", SUITE, ("percona-toolkit",), CACHE)
    folders = (
        "usr/share/perl5",
        "usr/lib/*/perl5/*",
        "usr/share/perl/*",
        "usr/lib/*/perl/*",
        "usr/lib/*/perl-base",
    )
    libraries = [str(found) for folder in folders for found in programs.root.glob(folder) if found.is_dir()]
    parts = urlsplit(url)
    name = parts.path.lstrip("/")
    dsn = f"h={parts.hostname},P={parts.port},u={parts.username},D={name},t={table}"
    script = str(programs.root / "usr" / "bin" / "pt-online-schema-change")
    options = [
        "--execute",
        "--no-version-check",
        "--recursion-method=none",
        f"--password={unquote(parts.password or '')}",
    ]
    command = [*programs.command("perl"), script, *options, f"--alter={alter}", dsn]
    return command, os.environ | {"PERL5LIB": ":".join(libraries)}
