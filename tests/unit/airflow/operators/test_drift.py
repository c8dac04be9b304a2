"""DriftOperator: what is red, green and skipped, and what is recorded."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from logops.airflow.operators.drift import DriftOperator
from logops.drift import run as drift_run
from logops.findings import Subject
from logops.findings.acceptance import accept, write_acceptance
from logops.findings.history import read_changes
from logops.findings.store import ResultsStore
from logops.render import Files
from tests.support.fakes.memory_platform import MemoryPlatform

ROOT = Path(__file__).parents[4]
FILE = "tenants/main.yaml"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ResultsStore:
    store = ResultsStore(str(tmp_path / "results"))
    monkeypatch.setattr("logops.airflow.operators.drift.results_store", lambda environment: store)
    return store


@pytest.fixture
def rolled_out(platform: MemoryPlatform, monkeypatch: pytest.MonkeyPatch) -> MemoryPlatform:
    """A platform on which only the stage `tenants` was rolled out."""
    monkeypatch.setattr(drift_run, "SETTLE_S", 0.0)
    monkeypatch.setattr("logops.platforms.open_to_read", lambda *_: platform)
    platform.wanted["tenants"] = Files({FILE: "overrides: {}\n"})
    platform.apply("tenants", platform.wanted["tenants"], "manual__run", print)
    return platform


@pytest.fixture
def edited(rolled_out: MemoryPlatform) -> MemoryPlatform:
    rolled_out.at["tenants"] = Files({FILE: "overrides: {a: {}}\n"})
    return rolled_out


def run(context: dict[str, Any], dags: Path = ROOT / "dags") -> dict[str, int]:
    with DAG("drift_test", schedule=None):
        operator = DriftOperator(task_id="task", environment="local", dags=str(dags))
    return operator.execute(context)  # type: ignore[arg-type]


def open_findings(store: ResultsStore, check: str) -> list[str]:
    read = read_changes(store, "local", check, datetime.now(UTC))
    assert read, f"no run of {check} is recorded"
    return [f"{found.finding.cls.name} {found.finding.subject.path}" for found in read[1].open]


def test_run_without_a_difference_is_green_and_recorded(rolled_out, store, context, ti) -> None:
    assert run(context) == {"findings": 0, "accepted": 0}
    assert ti.pushed["headline"] == "local: all as declared (tenants, airflow)"
    assert open_findings(store, "drift") == open_findings(store, "airflow-files") == []


def test_run_with_a_difference_is_red_and_recorded(edited, store, context, ti) -> None:
    with pytest.raises(AirflowFailException, match=r"1 difference \(tenants\)"):
        run(context)
    assert ti.pushed["summary"] == {"headline": "1 difference (tenants)", "findings": 1}
    assert open_findings(store, "drift") == [f"config-drift {FILE}"]


def test_run_with_an_accepted_difference_is_green_and_the_finding_stays_open(edited, store, context) -> None:
    now = datetime.now(UTC) - timedelta(minutes=1)
    acceptance = accept("config-drift", Subject("local", path=FILE), "ada", "a trial", timedelta(days=1), now)
    write_acceptance(store, acceptance)
    assert run(context) == {"findings": 0, "accepted": 1}
    assert open_findings(store, "drift") == [f"config-drift {FILE}"]


def test_run_during_a_rollout_is_skipped_and_resolves_nothing(edited, store, context, ti) -> None:
    with pytest.raises(AirflowFailException):
        run(context)
    edited.acquire_lease("manual__other")
    edited.at["tenants"] = edited.wanted["tenants"]

    with pytest.raises(AirflowSkipException, match="local: not compared: the rollout manual__other is changing local"):
        run({**context, "run_id": "second"})

    assert ti.pushed["headline"].startswith("local: not compared: the rollout manual__other")
    assert open_findings(store, "drift") == [f"config-drift {FILE}"]


def test_dag_file_that_differs_from_the_checkout_is_red_and_recorded_as_airflows(
    rolled_out, store, context, tmp_path: Path
) -> None:
    dags = Path(shutil.copytree(ROOT / "dags", tmp_path / "dags", ignore=shutil.ignore_patterns("__pycache__")))
    (dags / "rollout.py").write_text("retries = 0\n")
    with pytest.raises(AirflowFailException, match="1 difference"):
        run(context, dags)
    assert open_findings(store, "drift") == []
    assert open_findings(store, "airflow-files") == ["config-drift dags/rollout.py"]
