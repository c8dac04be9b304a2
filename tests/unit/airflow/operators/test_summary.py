"""RolloutSummaryOperator: the report, the released lease, the finding and the state of the run."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from logops.airflow.operators.plan import without_diffs
from logops.airflow.operators.summary import RolloutSummaryOperator
from logops.findings.history import read_changes
from logops.findings.store import ResultsStore
from logops.render import STAGES
from logops.rollout import plan

RUN = "manual__2026-01-01T12:00:00+00:00"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
BEFORE = ("plan", "approval", *(f"{stage}.{step}" for stage in STAGES for step in ("apply", "verify")), "roll_back")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ResultsStore:
    store = ResultsStore(str(tmp_path))
    monkeypatch.setattr("logops.airflow.operators.summary.results_store", lambda environment: store)
    return store


@pytest.fixture
def summary() -> RolloutSummaryOperator:
    with DAG("summary_test", schedule=None):
        operator = RolloutSummaryOperator(
            task_id="task", environment="local", plan="{{ ti.xcom_pull(task_ids='plan', key='plan') }}"
        )
        [BaseOperator(task_id=task_id) for task_id in BEFORE] >> operator
    return operator


@pytest.fixture
def passed(ti, platform) -> Any:
    """A task instance of a run in which every task passed."""
    ti.states = dict.fromkeys(BEFORE, "success") | {"roll_back": "skipped"}
    ti.xcoms["plan", "plan"] = without_diffs(plan(platform))
    for stage in STAGES:
        ti.xcoms[f"{stage}.apply", "return_value"] = {"revision": 1, "seconds": 1.0}
        ti.xcoms[f"{stage}.verify", "return_value"] = {"checks": [], "seconds": 1.0}
    return ti


@pytest.fixture
def failed(passed) -> Any:
    """A task instance of a run in which `loki.apply` failed."""
    passed.states |= {"loki.apply": "failed", "roll_back": "success"}
    passed.xcoms["loki.apply", "failure"] = "starting main-ingester-0: FATAL"
    passed.xcoms["roll_back", "return_value"] = {"storage": None}
    return passed


def run(summary: RolloutSummaryOperator, context: dict[str, Any]) -> None:
    summary.render_template_fields(context)
    summary.execute(context)


def test_passed_rollout_is_reported_as_rolled_out(summary, context, passed, store) -> None:
    run(summary, context)
    assert passed.pushed["report"]["headline"] == "local: rolled out"


def test_summary_releases_the_lease(summary, context, passed, platform, store) -> None:
    platform.acquire_lease(RUN)
    run(summary, context)
    assert platform.owner is None


def test_failed_rollout_fails_the_run_and_is_reported(summary, context, failed, store) -> None:
    with pytest.raises(AirflowFailException, match=r"failed at loki\.apply"):
        run(summary, context)
    assert failed.pushed["report"]["failures"] == {"loki.apply": "starting main-ingester-0: FATAL"}


def test_failed_rollout_is_a_finding_until_a_rollout_passes(summary, context, failed, store) -> None:
    with pytest.raises(AirflowFailException):
        run(summary, context)
    _, changes = read_changes(store, "local", "rollout", NOON)  # type: ignore[misc]
    assert [change.finding.cls.name for change in changes.new] == ["rollout-failed"]

    failed.states |= {"loki.apply": "success", "roll_back": "skipped"}
    run(summary, context | {"run_id": "the next"})
    _, changes = read_changes(store, "local", "rollout", NOON)  # type: ignore[misc]
    assert changes.open == ()


def test_accepted_findings_are_recorded_with_their_reason(summary, context, passed, store) -> None:
    passed.xcoms["plan", "plan"]["accepted"] = [{"class": "retention-short", "reason": "asked for"}]
    run(summary, context)
    (row,) = store.query("rollouts", "select accepted from rollouts").to_pylist()
    assert row["accepted"] == ["retention-short: asked for"]


def test_run_with_failed_plan_fails_as_stopped_at_plan_without_opening_the_environment(
    summary, context, ti, monkeypatch
) -> None:
    opened: list[object] = []
    for function in ("read_environment", "open_platform", "results_store"):
        monkeypatch.setattr(f"logops.airflow.operators.summary.{function}", opened.append)
    ti.states = dict.fromkeys(BEFORE, "upstream_failed") | {"plan": "failed"}
    ti.xcoms["plan", "failure"] = "environments/local.yaml: 1 problem"
    with pytest.raises(AirflowFailException, match="stopped at plan"):
        run(summary, context)
    assert opened == []


def test_result_that_cannot_be_written_fails_the_run(summary, context, passed, monkeypatch, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(
        "logops.airflow.operators.summary.results_store", lambda environment: ResultsStore(str(tmp_path / "file"))
    )
    with pytest.raises(AirflowFailException, match="results store"):
        run(summary, context)
