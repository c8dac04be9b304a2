"""Complete Airflow runs of the retention audit DAG on a storage account in memory: task states and findings."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.utils.db import initdb

from logops.airflow.hooks.secrets import SecretMissingError
from logops.audit import run as steps
from logops.audit.survey.objects import DAY_MS, chunk_name
from logops.findings.store import ResultsStore
from logops.platforms.platform import PlatformError
from tests.support.environments import environment
from tests.support.fakes.memory_platform import MemoryPlatform
from tests.support.fakes.memory_store import Blob, MemoryStore

NOW = datetime.now(UTC)
TODAY = int(NOW.timestamp() * 1000) // DAY_MS


class OnMemory(MemoryPlatform):
    """One cluster without processes, and its storage account in memory."""

    def __init__(self) -> None:
        changes = (("clusters.security", None), ("storage_accounts.security", None), ("sources", {}), ("agents", {}))
        super().__init__(environment("local", *changes, ("clusters.main.canary", None)), {})
        self.store = MemoryStore()

    def object_store(self, account: str) -> MemoryStore:
        return self.store

    def lifecycle_policy(self, account: str) -> dict[str, object]:
        raise PlatformError("there is none")

    def put_chunk(self, days_ago: int, *, hours_old: float = 0.0) -> str:
        """Store a chunk without an index entry. A young chunk is not a finding yet."""
        through = (TODAY - days_ago) * DAY_MS + 1_000
        name = chunk_name("application", 7, through - 500, through, 7)
        self.store.blobs[name] = Blob(b"x" * 100, NOW - timedelta(hours=hours_old))
        return name


@pytest.fixture(scope="session")
def _database() -> None:
    initdb()


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> OnMemory:
    platform = OnMemory()
    monkeypatch.setattr("logops.platforms.open_to_read", lambda *_: platform)
    return platform


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr("logops.platforms.results_url", lambda environment, root: str(tmp_path / "results"))
    monkeypatch.setattr(
        "logops.platforms.open_results", lambda environment, root: ResultsStore(str(tmp_path / "results"))
    )
    return tmp_path / "results"


Run = Callable[..., dict[str, str]]


@pytest.fixture
def run(dagbag: DagBag, platform: OnMemory, results: Path, _database: None, _short_sleeps: None) -> Run:
    """Run the audit with these params. Returns the states of each task, and the state of the run under `run`."""
    dag = dagbag.dags["retention_audit"]
    for task in dag.tasks:
        # The retry delay is half a minute.
        task.__dict__.setdefault("partial_kwargs", {})["retries"] = 0
        task.retries = 0

    def to_its_end(**params: Any) -> dict[str, str]:
        ended = dag.test(run_conf=params)
        states: dict[str, list[str]] = {}
        for one in ended.get_task_instances():
            states.setdefault(one.task_id, []).append(str(one.state))
        return {task: " ".join(sorted(found)) for task, found in states.items()} | {"run": str(ended.state)}

    return to_its_end


def classes(results: Path) -> list[str]:
    """Return the class names of all stored findings."""
    store = ResultsStore(str(results))
    return sorted(
        finding.cls.name
        for check in ("retention-audit", "tiering-audit")
        for _, findings in store.runs("local", check, datetime.now(UTC) + timedelta(days=1))
        for finding in findings
    )


def work(results: Path) -> list[str]:
    return [one.name for one in (results / "steps").glob("*")]


def test_every_batch_is_judged_by_its_own_task(
    run: Run, platform: OnMemory, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("logops.audit.request.MAX_TABLES", 1)
    for days_ago in range(3):
        platform.put_chunk(days_ago)
    seen = run()
    assert seen["judge"] == "success success success"


def test_empty_bucket_skips_judge_and_still_runs_reduce(run: Run, results: Path) -> None:
    seen = run()
    assert (seen["list"], seen["judge"], seen["reduce"]) == ("success", "skipped", "failed")
    # The only finding: this platform has no lifecycle policy.
    assert classes(results) == ["check-incomplete"]


def test_batch_that_fails_in_judge_is_reported_and_its_steps_are_kept(
    run: Run, platform: OnMemory, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("logops.audit.request.MAX_TABLES", 1)
    platform.put_chunk(0)
    platform.put_chunk(1)
    judge = steps.judge

    def ends(platform: Any, asked: Any, batch: Any, *rest: Any) -> Any:
        if batch["days"] == [TODAY]:
            raise OSError("the worker was lost")
        return judge(platform, asked, batch, *rest)

    monkeypatch.setattr(steps, "judge", ends)
    seen = run()
    assert (seen["judge"], seen["reduce"], seen["run"]) == ("failed success", "failed", "failed")
    assert "check-incomplete" in classes(results)
    assert len(work(results)) == 1


def test_failed_container_listing_fails_reduce_with_check_incomplete(
    run: Run, platform: OnMemory, results: Path
) -> None:
    platform.store.fails = {"list"}
    seen = run()
    assert (seen["judge"], seen["reduce"]) == ("skipped", "failed")
    assert set(classes(results)) == {"check-incomplete"}


def test_platform_that_cannot_be_opened_fails_list_and_reduce(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PlatformError("there is no such place")

    monkeypatch.setattr("logops.platforms.open_to_read", refuse)
    seen = run()
    assert (seen["list"], seen["judge"], seen["reduce"]) == ("failed", "upstream_failed", "failed")


@pytest.mark.usefixtures("_database", "_short_sleeps")
def test_list_without_its_secret_fails_at_the_first_try(dagbag: DagBag, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise SecretMissingError("the connection does not exist")

    monkeypatch.setattr("logops.platforms.open_to_read", refuse)
    dag = dagbag.dags["retention_audit"]
    assert dag.get_task("list").retries

    (listed,) = [task for task in dag.test().get_task_instances() if task.task_id == "list"]

    assert (listed.state, listed.try_number) == ("failed", 1)


def test_tables_and_as_of_params_reach_every_task(
    run: Run, platform: OnMemory, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: dict[str, Any] = {}

    def recording(name: str) -> Any:
        step = getattr(steps, name)

        def run_step(platform: Any, request: Any, *arguments: Any, **options: Any) -> Any:
            requests[name] = request
            return step(platform, request, *arguments, **options)

        return run_step

    for name in ("survey", "judge", "reduce"):
        monkeypatch.setattr(steps, name, recording(name))
    platform.put_chunk(0, hours_old=0.2)
    platform.put_chunk(1, hours_old=0.2)
    moment = (NOW - timedelta(minutes=1)).replace(microsecond=0)
    seen = run(tables=[f"loki_index_{TODAY}"], as_of=moment.isoformat())
    assert seen["judge"] == "success"
    assert {name: (request.tables, request.as_of) for name, request in requests.items()} == dict.fromkeys(
        ("survey", "judge", "reduce"), ((f"loki_index_{TODAY}",), moment)
    )
