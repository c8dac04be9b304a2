"""`logops drift`: what a person reads, and the exit codes."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from logops.cli import app
from logops.cli.output.console import BAD_INPUT, FOUND, OK
from logops.drift import run as drift_run
from logops.findings import Subject
from logops.findings.acceptance import accept, write_acceptance
from logops.findings.store import ResultsStore
from logops.platforms.platform import FileChange
from logops.render import Files
from tests.support.environments import environment
from tests.support.fakes.memory_platform import MemoryPlatform

FILE = "tenants/main.yaml"
WANTED = Files({FILE: "overrides:\n  shop:\n    ingestion_rate_mb: 20\n"})


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ResultsStore:
    store = ResultsStore(str(tmp_path))
    monkeypatch.setattr("logops.cli.drift.results_store", lambda environment: store)
    return store


@pytest.fixture
def platform(store: ResultsStore, monkeypatch: pytest.MonkeyPatch) -> MemoryPlatform:
    """A platform on which the stage `tenants` was rolled out."""
    platform = MemoryPlatform(environment("local"), {"tenants": WANTED})
    platform.apply("tenants", WANTED, "manual__run", print)
    monkeypatch.setattr("logops.cli.drift.comparable", lambda name: platform)
    monkeypatch.setattr(drift_run, "SETTLE_S", 0.0)
    return platform


@pytest.fixture
def edited(platform: MemoryPlatform) -> None:
    platform.at["tenants"] = Files({FILE: WANTED[FILE].replace("20", "2")})
    platform.changes[FILE] = FileChange("ada", datetime(2026, 11, 28, 12, tzinfo=UTC))


def drift(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["drift", "local", *arguments])


@pytest.mark.usefixtures("platform")
def test_drift_without_a_difference_says_so_first_and_passes() -> None:
    result = drift("--stage", "tenants")
    assert result.stdout.splitlines()[0] == "local: all as declared (tenants)"
    assert result.exit_code == OK


@pytest.mark.usefixtures("edited")
def test_drift_shows_answer_table_message_and_diff_in_this_order() -> None:
    result = drift("--stage", "tenants")
    lines = result.stdout.splitlines()
    assert lines[0] == "local: 1 difference (tenants)"
    assert lines[3].split()[:4] == ["tenants", "1", "different", "1"]
    assert "Last written by ada, 2026-11-28 12:00:00 UTC." in result.stdout
    assert [line.strip() for line in lines[-2:]] == ["-    ingestion_rate_mb: 2", "+    ingestion_rate_mb: 20"]
    assert result.exit_code == FOUND


@pytest.mark.usefixtures("edited")
def test_drift_that_a_person_accepted_is_shown_and_passes(store: ResultsStore) -> None:
    now = datetime.now(UTC) - timedelta(minutes=1)
    write_acceptance(
        store, accept("config-drift", Subject("local", path=FILE), "ada", "a trial", timedelta(days=7), now)
    )
    result = drift("--stage", "tenants")
    assert result.stdout.startswith("local: 1 accepted (tenants)")
    assert f"accepted by ada until {now + timedelta(days=7):%Y-%m-%d}: a trial" in result.stdout
    assert result.exit_code == OK


@pytest.mark.usefixtures("edited")
def test_drift_as_json_has_findings_with_diff_and_form() -> None:
    result = json.loads(drift("--stage", "tenants", "--json").stdout)
    [finding] = result["findings"]
    assert (result["failed"], finding["class"], finding["accepted"]) == (True, "config-drift", None)
    assert finding["evidence"]["rollout_form"] == "logops-rollout/?environment=local&stages=tenants"
    assert finding["evidence"]["changed_by"] == "ada"


@pytest.mark.usefixtures("edited")
def test_drift_during_a_rollout_is_no_pass(platform: MemoryPlatform) -> None:
    platform.acquire_lease("manual__other")
    result = drift()
    assert result.stdout == (
        "local: not compared: the rollout manual__other is changing local. Compare when it has ended.\n"
    )
    assert result.exit_code == FOUND


def test_unknown_stage_is_refused_with_the_near_one() -> None:
    result = drift("--stage", "tenant")
    assert result.stderr.startswith("--stage tenant: one of storage, loki, agents, tenants, rules.")
    assert result.exit_code == BAD_INPUT
