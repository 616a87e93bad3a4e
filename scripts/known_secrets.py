"""detect-secrets finds nothing in the project's files but what known_secrets.toml knows, each with the reason.

    python scripts/known_secrets.py [FILE…]     without files: all that git has, or would take

Marks in the files themselves count for nothing, so that one page has all that was let through. Nothing that is found
is tried anywhere.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import transient_settings

PROJECT = Path(__file__).resolve().parent.parent
KNOWN = Path("scripts", "known_secrets.toml")
HEURISTICS = (
    "is_indirect_reference", "is_likely_id_string", "is_not_alphanumeric_string", "is_potential_uuid",
    "is_prefixed_with_dollar_sign", "is_sequential_string", "is_templated_secret",
)  # fmt: skip


@dataclass(frozen=True, order=True)
class Finding:
    """Something that detect-secrets takes for a secret."""

    file: str
    line: int
    kind: str
    value: str


@dataclass(frozen=True)
class Known:
    """What is no secret: these values wherever they stand, and of these files what is of this kind."""

    values: frozenset[str]
    places: frozenset[tuple[str, str]]  # file and kind

    def explains(self, found: Finding) -> bool:
        """Whether this finding is one of them."""
        return found.value in self.values or (found.file, found.kind) in self.places

    def unused(self, findings: Sequence[Finding]) -> Iterator[str]:
        """What of it explains none of these findings: it has to be taken out."""
        yield from sorted(self.values - {found.value for found in findings})
        places = self.places - {(found.file, found.kind) for found in findings}
        yield from sorted(f"{kind} in {file}" for file, kind in places)


def known() -> Known:
    """What known_secrets.toml says. Raises KeyError for an entry without a reason."""
    values: set[str] = set()
    places: set[tuple[str, str]] = set()
    for entry in tomllib.loads((PROJECT / KNOWN).read_text(encoding="utf-8"))["known"]:
        if not entry["reason"]:
            raise KeyError("reason")
        values.update(entry.get("values", ()))
        places.update((file, entry["kind"]) for file in entry.get("files", ()))
    return Known(frozenset(values), frozenset(places))


def tracked() -> Sequence[str]:
    """The files that git has, or would take, but for the list of what is known."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [name for name in names if Path(name) != KNOWN and (PROJECT / name).is_file()]


def found_in(files: Sequence[str]) -> Sequence[Finding]:
    """What detect-secrets takes for a secret in these files, in order."""
    kinds: dict[str, type] = get_mapping_from_secret_type_to_class()
    plugins = [{"name": plugin.__name__} for plugin in kinds.values()]
    filters = [{"path": f"detect_secrets.filters.heuristic.{name}"} for name in HEURISTICS]
    with transient_settings({"plugins_used": plugins, "filters_used": filters}):
        secrets = SecretsCollection(root=str(PROJECT))
        secrets.scan_files(*files)
        return sorted(
            Finding(file, one.line_number, one.type, str(one.secret_value)) for file, one in secrets
        )


def main(files: Sequence[str]) -> int:
    """1 where something was found that is not known, or, of all files, where something known was not found."""
    accepted = known()
    findings = found_in(files or tracked())
    complaints = [
        f"{found.file}:{found.line}: {found.kind}" for found in findings if not accepted.explains(found)
    ]
    if not files:
        complaints += [f"{KNOWN}: {what} stands nowhere any more" for what in accepted.unused(findings)]
    print("\n".join(complaints) or f"{len(findings)} findings, all of them known")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
