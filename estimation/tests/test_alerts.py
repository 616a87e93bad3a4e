"""The alerts of deploy/prometheus: they are about metrics that there are, and fire when they should."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.db import connection
from prometheus_client.parser import text_string_to_metric_families

from estimation.monitoring import exposition, metrics
from evolution import backups, runs

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy" / "prometheus"
RULES = [
    rule for group in yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"] for rule in group["rules"]
]
NAMES = re.compile(r"\b(?:estimation|process)_\w+")
OF_PROMETHEUS = {"EstimationDown"}  # about `up`, which is Prometheus's own


@pytest.fixture
def exported(transactional_db, tmp_path, monkeypatch) -> set[str]:
    """The names of all series that the site tells, once all has happened."""
    monkeypatch.setenv("EVOLUTION_BACKUP_FOLDER", str(tmp_path / "backups"))
    metrics.answered("GET", "/", 200, 0.01)
    run = runs.begin(connection)
    runs.end(run)
    backups.mark_proved(backups.make(connection))
    text = exposition.text().decode()
    run.delete()
    return {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}


def test_every_alert_is_about_metrics_that_there_are(exported):
    for rule in RULES:
        names = set(NAMES.findall(rule["expr"]))
        assert names or rule["alert"] in OF_PROMETHEUS, rule["alert"]
        assert names <= exported, rule["alert"]


def test_the_page_tells_every_metric_and_no_other(exported):
    page = (ROOT / "docs" / "operations.md").read_text()
    told = set(re.findall(r"`(estimation_\w+)`", page))
    suffix = re.compile(r"_(bucket|sum|count)$")
    assert told == {suffix.sub("", name) for name in exported if name.startswith("estimation_")}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_and_what_it_is_about(rule):
    assert rule["labels"]["severity"] in {"page", "warn"}
    assert rule["annotations"]["summary"].endswith((".", "?"))
    assert f"`{rule['alert']}`" in (ROOT / "docs" / "operations.md").read_text()


# --- By Prometheus's own tool


@pytest.fixture(scope="module")
def promtool() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs it. Skips the test where Debian's package can't be had; on a build server it fails."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(settings.BASE_DIR / "scripts")
        import database_servers
        import debian_packages

        try:
            programs = debian_packages.unpacked(
                "prometheus", "bookworm", ("prometheus",), database_servers.CACHE
            )
        except debian_packages.NotAvailable as reason:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(f"There is no promtool here: {reason}.")

    def run(*arguments: Any) -> subprocess.CompletedProcess[str]:
        command = [*programs.command("promtool"), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


def test_prometheus_takes_the_rules(promtool):
    done = promtool("check", "rules", "--lint-fatal", DEPLOY / "alerts.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"SUCCESS: {len(RULES)} rules found" in done.stdout


def test_prometheus_takes_the_configuration(promtool, tmp_path):
    token = tmp_path / "token"
    token.touch()
    (tmp_path / "alerts.yml").write_text((DEPLOY / "alerts.yml").read_text())
    configuration = (DEPLOY / "prometheus.yml").read_text()
    assert "/etc/prometheus/estimation-token" in configuration
    moved = tmp_path / "prometheus.yml"
    moved.write_text(configuration.replace("/etc/prometheus/estimation-token", str(token)))
    done = promtool("check", "config", moved)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_fires_where_it_should_and_not_where_all_is_well(promtool, tmp_path):
    series = Path(__file__).with_name("alerts_fire.yml").read_text()
    assert set(re.findall(r"Estimation\w+", series)) == {rule["alert"] for rule in RULES}
    moved = tmp_path / "alerts_fire.yml"
    moved.write_text(series.replace("RULES", str(DEPLOY / "alerts.yml")))
    done = promtool("test", "rules", moved)
    assert done.returncode == 0, done.stdout + done.stderr
