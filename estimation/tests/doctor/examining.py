"""`manage.py doctor`, asked by tests: each thing is broken as it breaks, and has to be told; and nothing else is."""

import os
import subprocess
import sys

from django.conf import settings as site_settings

from estimation.doctor import examine
from estimation.doctor.findings import Finding, Level

OK, WARNING, PROBLEM = Level
OTHERS_REACH_IT = ["estimation.example.org", "127.0.0.1"]


def seen(subject: str) -> list[Finding]:
    """What is said of a subject, without what is all right beside it."""
    findings = [finding for finding in examine() if finding.subject == subject]
    assert findings, f"Nothing is said of {subject}."
    return [finding for finding in findings if finding.level is not OK] or findings


def told(subject: str) -> tuple[Level, str]:
    """The one thing that is said of a subject."""
    (finding,) = seen(subject)
    assert finding.message.endswith((".", ")"))
    assert bool(finding.remedy) == (finding.level is not OK)
    return finding.level, finding.message


def doctor(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "manage.py", "doctor", *arguments],
        cwd=site_settings.BASE_DIR,
        env={name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"}
        | environment,
        capture_output=True,
        text=True,
        check=False,
    )
