"""The checks of code and files for weaknesses and secrets turn red where there is one."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import known_secrets
import pytest
from known_secrets import Finding, Known

SCRIPTS = Path(__file__).resolve().parent
PROGRAMS = Path(sys.executable).parent  # of the virtual environment
SHELL = "import subprocess\n\n\ndef show(name: str) -> None:\n    subprocess.run(f'ls {name}', shell=True)\n"
# Made here, so that it stands in no file of the project.
TOKEN = hashlib.sha256(b"a token").hexdigest()


def weaknesses(path: Path) -> subprocess.CompletedProcess[str]:
    """What scripts/weaknesses says of this file."""
    environment = os.environ | {"PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
    command = [str(SCRIPTS / "weaknesses"), str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_a_command_that_goes_through_a_shell_is_found(tmp_path: Path) -> None:
    careless = tmp_path / "careless.py"
    careless.write_text(SHELL)
    done = weaknesses(careless)
    assert done.returncode == 1
    assert "B602" in done.stdout


def test_one_that_does_not_is_fine(tmp_path: Path) -> None:
    careful = tmp_path / "careful.py"
    careful.write_text(SHELL.replace("f'ls {name}', shell=True", "['ls', name]"))
    assert weaknesses(careful).returncode == 0


def test_all_of_the_project_s_code_is_looked_at() -> None:
    script = (SCRIPTS / "weaknesses").read_text()
    folders = {name.partition("/")[0] for name in known_secrets.tracked() if name.endswith(".py")}
    assert {name for name in folders if name not in script} == set()


@pytest.mark.parametrize(
    "line", ['API_KEY = "{}"', 'api_key: "{}"', '  "token": "{}",  # pragma: allowlist secret']
)
def test_a_secret_is_found_and_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    file = tmp_path / "settings.py"
    file.write_text("\n" + line.format(TOKEN) + "\n")
    assert known_secrets.main([str(file)]) == 1
    said = capsys.readouterr().out
    assert "settings.py:2: " in said
    assert TOKEN not in said


def test_what_is_known_to_be_none_is_let_through(tmp_path: Path) -> None:
    file = tmp_path / "settings.py"
    file.write_text('PASSWORD = "correct horse battery"\n')
    assert known_secrets.main([str(file)]) == 0


def test_what_is_known_and_stands_nowhere_any_more_is_named() -> None:
    known = Known(frozenset({"here", "gone"}), frozenset({("one.py", "Key"), ("two.py", "Key")}))
    findings = [Finding("three.py", 1, "Key", "here"), Finding("one.py", 1, "Key", "other")]
    assert list(known.unused(findings)) == ["gone", "Key in two.py"]


def test_nothing_is_known_without_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "known.toml"
    file.write_text('[[known]]\nreason = ""\nvalues = ["x"]\n')
    monkeypatch.setattr(known_secrets, "KNOWN", file)
    with pytest.raises(KeyError):
        known_secrets.known()
