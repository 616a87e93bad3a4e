"""9xx: findings that a migration file accepts, with a reason.

class Migration(migrations.Migration):
    accepted = {"evolution.W202": "empty since 2024: nothing wrote to it"}
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.migrations import Migration

from evolution.conf import configuration
from evolution.findings import Finding, Level
from evolution.rules.hazards import HAZARDS, Problem, Scope, hazard


@hazard("E901", scope=Scope.OTHER)
def no_reason(accepted: Mapping[str, Any]) -> Iterator[Problem]:
    """Something is accepted, and nobody says why."""
    for code, reason in accepted.items():
        if not (isinstance(reason, str) and reason.strip()):
            yield Problem(
                f"{code} is accepted without a reason.",
                f'accepted = {{"{code}": "why this does no harm here"}}',
                level=Level.ERROR,
            )


@hazard("W902", scope=Scope.OTHER)
def not_found(accepted: Mapping[str, Any], found: set[str]) -> Iterator[Problem]:
    """Something is accepted that is not there. What depends on the rows may be there in another database."""
    for code in accepted:
        hazards = [hazard for hazard in HAZARDS.values() if code in hazard.codes]
        if not hazards:
            yield Problem(
                f"{code} is accepted, but there is no such code.", "See the codes in docs/evolution.md."
            )
        elif code not in found and not hazards[0].looks_at_rows:
            yield Problem(f"{code} is accepted, but nothing of the kind is found.", "Take the line out.")


def accepted_by(migration: Migration) -> Mapping[str, Any]:
    """What the file accepts, and the setting ACCEPTED for a file that nobody here may edit: codes with reasons."""
    accepted = getattr(migration, "accepted", {})
    # A bare list or set has codes and no reasons.
    in_file = accepted if isinstance(accepted, Mapping) else dict.fromkeys(accepted, "")
    return {**in_file, **configuration().accepted.get(f"{migration.app_label}.{migration.name}", {})}


def without_accepted(migration: Migration, findings: list[Finding], possible: set[str]) -> list[Finding]:
    """The findings that the file does not accept, and those about what it accepts.

    `possible` are the codes found in either direction without a database: none of them is accepted in vain.
    """
    accepted = accepted_by(migration)
    if not accepted:
        return findings
    name = f"{migration.app_label}.{migration.name}"
    left = [finding for finding in findings if not _has_reason(accepted.get(finding.code))]
    left += [HAZARDS[901].finding(problem, name) for problem in no_reason(accepted)]
    found = possible | {finding.code for finding in findings}
    return left + [HAZARDS[902].finding(problem, name) for problem in not_found(accepted, found)]


def _has_reason(reason: object) -> bool:
    return isinstance(reason, str) and bool(reason.strip())
