"""Runs of the DAG that sends alerts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.models import DagModel, DagRun
from airflow.sdk import DAG
from airflow.utils.db import initdb
from airflow.utils.session import create_session
from sqlalchemy import select

from logops.airflow.dag_ids import CHECKS
from logops.airflow.listener import on_dag_run_running
from logops.airflow.operators.work import read_environment
from logops.checks.schedule import intervals
from logops.findings import Run
from logops.findings.store import ResultsStore
from tests.support.fakes.memory_platform import MemoryPlatform

NOW = datetime.now(UTC)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, _short_sleeps: None) -> ResultsStore:
    """The results of an environment that was rolled out a week ago, and whose checks ran an hour ago, except one."""
    initdb()
    store = ResultsStore(str(tmp_path))
    monkeypatch.setattr("logops.platforms.open_to_read", lambda *_: MemoryPlatform(read_environment("local"), {}))
    monkeypatch.setattr("logops.platforms.open_results", lambda environment, root: store)
    store.write_findings(Run("local", "rollout", "first", NOW - timedelta(days=7)), ())
    for check in {*intervals(read_environment("local"))} - {"ingestion-quality"}:
        store.write_findings(Run("local", check, "nightly", NOW - timedelta(hours=1)), ())
    return store


@pytest.fixture
def alert_delivery(dagbag: DagBag) -> DAG:
    return dagbag.dags["alert_delivery"]


def delivered(dag: DAG, **conf: object) -> DagRun:
    run_id = dag.test(run_conf={"environment": "local", **conf}).run_id
    with create_session() as session:
        run = session.scalars(select(DagRun).where(DagRun.run_id == run_id)).one()
        # Read before the session ends.
        assert run.note
        return run


def test_delivery_with_a_check_that_is_overdue_is_red(alert_delivery: DAG, store: ResultsStore) -> None:
    run = delivered(alert_delivery)

    assert run.state == "failed"
    assert run.note.startswith("local: ingestion-quality should have completed by ")


def test_delivery_with_a_check_that_was_paused_is_green(alert_delivery: DAG, store: ResultsStore) -> None:
    run = delivered(alert_delivery, paused_checks=["ingestion-quality"])

    assert (run.state, run.note) == ("success", "local: 0 alerts, 0 resolved.")


def test_run_that_starts_gets_the_checks_whose_dag_a_person_paused(alert_delivery: DAG, store: ResultsStore) -> None:
    # A run makes all DAGs known.
    run = delivered(alert_delivery)
    with create_session() as session:
        for dag_id in CHECKS:
            session.get_one(DagModel, dag_id).is_paused = dag_id == "retention_audit"
        session.flush()

        stored = session.get_one(DagRun, run.id)
        on_dag_run_running(stored, "")

        assert stored.conf == {"environment": "local", "paused_checks": ["retention-audit", "tiering-audit"]}


def test_every_check_with_a_schedule_belongs_to_a_dag() -> None:
    assert {check for checks in CHECKS.values() for check in checks} == {*intervals(read_environment("local"))}
