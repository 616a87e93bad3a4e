"""What the source never does, as linters and the files themselves show it.

Exceptions are named here one by one: those in the code are not listened to.
"""

import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
APPS = ("estimation", "issues", "groups", "users", "evolution")
CHECK = (
    "check",
    "--isolated",
    "--ignore-noqa",
    "--no-cache",
    "--output-format=json",
    "--exclude=**/tests/**",
)
SCRIPTS = [path for app in APPS for path in (ROOT / app).glob("static/**/*.js") if "/admin/" not in str(path)]
RUNS_TEXT = (
    "eval(",
    "new Function",
    "document.write",
    "insertAdjacentHTML",
    "outerHTML",
    "__proto__",
    "Object.assign",
)
LEAVES_THE_PAGE = (
    "window.postMessage", "parent.postMessage", "document.cookie", "document.domain", "sessionStorage", "indexedDB",
)  # fmt: skip
# Chance that decides only when something is tried again.
PAUSES = {"estimation/transactions.py", "evolution/metadata_locks.py", "issues/webhooks/sender.py"}
# HTML that is made by a library: a QR code, and Markdown that was sanitised.
RENDERED = {"{{ html|safe }}", "{{ invite_code|safe }}", "{{ items|safe }}"}
MADE_SAFE = {"users/qr_codes.py", "issues/templatetags/markdown.py"}


def found(*rules: str) -> dict[str, set[str]]:
    """The files in which ruff finds something against these rules, by rule."""
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *CHECK, f"--select={','.join(rules)}", *APPS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr
    files: dict[str, set[str]] = defaultdict(set)
    for finding in json.loads(done.stdout):
        files[finding["code"]].add(str(Path(finding["filename"]).relative_to(ROOT)))
    return dict(files)


def test_no_text_is_run_as_code():
    assert found("S102", "S307") == {}  # exec, eval


def test_no_command_goes_through_a_shell():
    assert found("S602", "S604", "S605", "S609") == {}


def test_nothing_is_unpickled_and_no_xml_is_read():
    assert found("S301", "S302", "S313", "S314", "S315", "S316", "S317", "S318", "S319", "S506") == {}


def test_no_broken_hash_is_used():
    assert found("S303", "S324") == {}  # MD5, SHA-1


def test_what_must_not_be_guessed_comes_from_the_system_s_source_of_chance():
    assert found("S311") == {"S311": PAUSES}


def test_every_certificate_is_checked():
    assert found("S323", "S501", "S502", "S503", "S504") == {}


def test_html_is_made_by_templates():
    assert found("S308") == {"S308": MADE_SAFE}


def test_the_applications_put_no_sql_together():
    in_apps = {file for files in found("S608", "S610", "S611").values() for file in files}
    assert {file for file in in_apps if not file.startswith("evolution/")} == set()


def test_templates_escape_what_they_are_given():
    """But for what other templates have rendered, and the QR code."""
    raw = re.compile(r"\|\s*safe\b|autoescape\s+off|\bsafeseq\b")
    pages = [path for app in APPS for path in (ROOT / app).glob("templates/**/*.html")]
    assert len(pages) > 100
    found = {line for path in pages for line in path.read_text().splitlines() if raw.search(line)}
    assert {re.sub(r"<[^>]*>", "", line).strip() for line in found} == RENDERED


def test_cryptography_comes_from_the_standard_library_and_django():
    """hashlib, hmac, secrets and ssl stand on OpenSSL and the operating system."""
    own = re.compile(r"^\s*(?:from|import) (Crypto|cryptography|nacl|rsa|ecdsa|jwt|jose)\b", re.MULTILINE)
    assert [path for app in APPS for path in (ROOT / app).rglob("*.py") if own.search(path.read_text())] == []


# --- Scripts


@pytest.mark.parametrize("word", [*RUNS_TEXT, *LEAVES_THE_PAGE])
def test_no_script_does_what_has_no_place_here(word):
    assert len(SCRIPTS) >= 4
    assert [path.name for path in SCRIPTS if word in path.read_text()] == []


def test_scripts_compare_strictly():
    loose = re.compile(r"[^=!<>]==[^=]|!=[^=]")
    assert [path.name for path in SCRIPTS if loose.search(path.read_text())] == []
