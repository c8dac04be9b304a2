"""A run that starts or ends gets a note. The first rollout that succeeds switches the nightly DAGs on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow.models import DagModel, DagRun
from airflow.sdk import DAG
from airflow.utils.db import initdb
from airflow.utils.session import create_session
from sqlalchemy import delete, select

from logops.airflow.dag_ids import SCHEDULED
from logops.airflow.operators.work import read_environment
from logops.findings.store import ResultsStore
from logops.render import STAGES, Files
from tests.support.fakes.memory_platform import MemoryPlatform

WAITING = "query_benchmark"
"""A nightly DAG that no test runs."""


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, _short_sleeps: None) -> MemoryPlatform:
    initdb()
    platform = MemoryPlatform(read_environment("local"), {s: Files({f"{s}/file": f"{s} 1\n"}) for s in STAGES})
    monkeypatch.setattr("logops.platforms.open_platform", lambda *_: platform)
    monkeypatch.setattr("logops.rollout.verify_stage", lambda platform, stage, progress: ())
    monkeypatch.setattr("logops.platforms.open_results", lambda environment, root: ResultsStore(str(tmp_path)))
    return platform


@pytest.fixture
def nightly_paused(rollout: DAG, platform: MemoryPlatform) -> Iterator[None]:
    """The nightly DAGs are known to Airflow and paused, as before a first rollout."""
    platform.breaks = {"storage"}
    roll_out(rollout)
    platform.breaks = set()
    with create_session() as session:
        for dag in session.scalars(select(DagModel).where(DagModel.dag_id.in_(SCHEDULED))):
            dag.is_paused = True
    yield
    with create_session() as session:
        session.execute(delete(DagRun).where(DagRun.dag_id == WAITING))


def roll_out(rollout: DAG) -> str | None:
    """Run the rollout. Return the note of the run."""
    run_id = rollout.test(run_conf={"auto_approve": True, "environment": "local"}).run_id
    with create_session() as session:
        return session.scalars(select(DagRun).where(DagRun.run_id == run_id)).one().note


def is_paused(dag_id: str) -> bool:
    with create_session() as session:
        return bool(session.scalars(select(DagModel.is_paused).where(DagModel.dag_id == dag_id)).one())


def test_note_of_a_rollout_that_succeeded_is_its_headline(rollout: DAG, platform: MemoryPlatform) -> None:
    assert roll_out(rollout) == "local: rolled out"


def test_note_of_a_rollout_that_failed_names_the_stage(rollout: DAG, platform: MemoryPlatform) -> None:
    platform.breaks = {"loki"}
    assert roll_out(rollout) == "local: the rollout failed at loki.apply; rolled back: loki, storage"


def test_first_rollout_that_succeeds_switches_the_nightly_dags_on(rollout: DAG, nightly_paused: None) -> None:
    roll_out(rollout)
    assert not is_paused(WAITING)


def test_rollout_that_fails_leaves_the_nightly_dags_paused(
    rollout: DAG, platform: MemoryPlatform, nightly_paused: None
) -> None:
    platform.breaks = {"agents"}
    roll_out(rollout)
    assert is_paused(WAITING)


def test_nightly_dag_that_a_person_paused_stays_paused_after_a_rollout(rollout: DAG, nightly_paused: None) -> None:
    with create_session() as session:
        session.add(DagRun(dag_id=WAITING, run_id="manual__earlier", run_type="manual", state="success"))
    roll_out(rollout)
    assert is_paused(WAITING)


def test_rollout_of_another_environment_leaves_the_nightly_dags_paused(
    rollout: DAG, nightly_paused: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGOPS_NIGHTLY_ENVIRONMENT", "production")
    roll_out(rollout)
    assert is_paused(WAITING)
