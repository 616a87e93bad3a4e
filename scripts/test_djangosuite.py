"""What scripts/djangosuite.py calls worse than stock."""

import json
from pathlib import Path

import djangosuite
import pytest
from djangosuite import Outcome, differences

STOCK = Outcome(ran=["a", "b", "c"], failed={"a": "trace"}, skipped={"b": "no such feature"}, counts={})


def test_the_same_failures_and_skips_are_no_difference() -> None:
    assert differences(STOCK, STOCK) == []


def test_a_failure_a_skip_and_a_test_that_did_not_run_are_told() -> None:
    ours = Outcome(ran=["a", "b"], failed={"b": "trace"}, skipped={"a": "why"}, counts={})
    assert differences(STOCK, ours) == ["failed:  b", "skipped: a: why", "not run: c"]


def test_a_failure_less_than_stock_is_no_difference() -> None:
    assert differences(STOCK, Outcome(ran=["a", "b", "c"], failed={}, skipped={}, counts={})) == []


def test_the_version_is_the_pinned_one() -> None:
    requirements = (djangosuite.ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert f"django=={djangosuite.pinned_version()}" in requirements


@pytest.mark.parametrize("was_at_work", [True, False])
def test_a_run_in_which_nothing_of_ours_was_at_work_is_not_a_good_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, was_at_work: bool
) -> None:
    monkeypatch.setattr(djangosuite, "FOLDER", tmp_path)
    counts = {"commands": 4, "lines": 0, "rebuilds": int(was_at_work)}
    for side in ("stock", "ours"):
        found = {"ran": ["a"], "failed": {}, "skipped": {}, "counts": counts}
        (tmp_path / f"{side}.json").write_text(json.dumps(found), encoding="utf-8")
    assert djangosuite.compare("sqlite") == (0 if was_at_work else 1)


def test_a_side_that_did_not_come_to_its_end_is_said_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(djangosuite, "FOLDER", tmp_path)
    (tmp_path / "ours.log").write_text("ImportError: no such thing\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="no such thing"):
        djangosuite.outcome("ours")
