"""Fixtures for operator tests: a platform in memory, and a task instance that keeps its XComs."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from logops.environment import Environment, load_environment
from logops.findings.store import ResultsStore
from logops.render import STAGES, Files
from tests.support import airflow_home  # noqa: F401
from tests.support.fakes.memory_platform import MemoryPlatform

ENVIRONMENTS = Path(__file__).parents[4] / "include" / "environments"
RUN = "manual__2026-01-01T12:00:00+00:00"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class FakeTaskInstance:
    """A fake task instance: XComs by (task, key), and the states of other tasks."""

    map_index = -1
    try_number = 1
    max_tries = 0

    def __init__(self, task_id: str) -> None:
        self.task_id = task_id
        self.xcoms: dict[tuple[str, str], Any] = {}
        self.states: dict[str, str] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms[self.task_id, key] = value

    def xcom_pull(self, task_ids: str, key: str = "return_value") -> Any:
        return self.xcoms.get((task_ids, key))

    def get_task_states(self, *, dag_id: str, task_ids: list[str], run_ids: list[str]) -> Mapping[str, Any]:
        return {run_id: {task: self.states[task] for task in task_ids if task in self.states} for run_id in run_ids}

    @property
    def pushed(self) -> dict[str, Any]:
        """The XComs that the task itself pushed."""
        return {key: value for (task, key), value in self.xcoms.items() if task == self.task_id}


@pytest.fixture
def ti() -> FakeTaskInstance:
    return FakeTaskInstance("task")


@pytest.fixture
def context(ti: FakeTaskInstance) -> dict[str, Any]:
    return {"ti": ti, "task_instance": ti, "run_id": RUN, "dag_run": SimpleNamespace(run_after=NOON)}


@pytest.fixture
def local() -> Environment:
    return load_environment(ENVIRONMENTS / "local.yaml")


@pytest.fixture
def production() -> Environment:
    return load_environment(ENVIRONMENTS / "production.yaml")


@pytest.fixture
def platform(local: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MemoryPlatform:
    """A platform in memory, which every environment that an operator opens gets."""
    platform = MemoryPlatform(local, {stage: Files({f"{stage}/file": f"{stage} 1\n"}) for stage in STAGES})

    def open_platform(environment: Environment, *_: object) -> MemoryPlatform:
        platform.environment = environment
        return platform

    monkeypatch.setattr("logops.platforms.open_platform", open_platform)
    monkeypatch.setattr(
        "logops.airflow.operators.plan.results_store", lambda environment: ResultsStore(str(tmp_path / "results"))
    )
    monkeypatch.setenv("LOGOPS_CONNECTION_SECURITY_STORAGE", "the key of production's security account")
    return platform
