"""Findings as an operator reads them."""

from textwrap import indent

from django.core.management.color import Style

from evolution.findings import Finding


def written(findings: list[Finding], migrations: int, style: Style) -> str:
    """All findings in `migrations` migrations, and a last line that counts them.

    A finding: its code, where it is, a sentence; below it, indented, the rows or lines concerned and the hint,
    which is not said twice.
    """
    looked = f"{migrations} migration{'' if migrations == 1 else 's'}"
    if not findings:
        return style.SUCCESS(f"No problems in {looked}.")
    errors = sum(finding.is_error for finding in findings)
    counts = [_counted(errors, "error"), _counted(len(findings) - errors, "warning")]
    summary = f"{' and '.join(filter(None, counts))} in {looked}."
    if errors:
        summary += " An error stops migrate; docs/evolution.md explains each code."
    paint = style.ERROR if errors else style.WARNING
    said: set[str] = set()
    paragraphs = []
    for finding in findings:
        paragraphs.append(_paragraph(finding, style, "" if finding.hint in said else finding.hint))
        said.add(finding.hint)
    return "\n".join([*paragraphs, paint(summary)])


def _paragraph(finding: Finding, style: Style, hint: str) -> str:
    paint = style.ERROR if finding.is_error else style.WARNING
    place = f"{finding.migration}: {finding.operation}".strip(": ")
    lines = [f"{paint(finding.code)}  {place}".rstrip(), f"  {finding.message}"]
    lines += [
        indent(detail, "    - ") if "\n" not in detail else indent(detail, "    ")
        for detail in finding.details
    ]
    if hint:
        lines.append(indent(hint, "    "))
    return "\n".join([*lines, ""])


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}" if number else ""
