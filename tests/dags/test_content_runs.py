"""Complete Airflow runs of the content audit DAG on a storage account in memory, with chunks that Loki wrote."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.utils.db import initdb

from logops.findings.store import ResultsStore
from tests.support.chunk_files import FILES
from tests.support.environments import environment
from tests.support.fakes.memory_platform import MemoryPlatform
from tests.support.fakes.memory_store import Blob, MemoryStore

pytestmark = pytest.mark.usefixtures("_short_sleeps")
WRITTEN = datetime(2026, 9, 21, tzinfo=UTC)
NAMES = sorted(path.relative_to(FILES).as_posix() for path in FILES.glob("*/*/*"))


class OnMemory(MemoryPlatform):
    """One cluster without processes, and its storage account in memory with a chunk of every kind."""

    def __init__(self) -> None:
        changes = (("clusters.security", None), ("storage_accounts.security", None), ("sources", {}), ("agents", {}))
        super().__init__(environment("local", *changes, ("clusters.main.canary", None)), {})
        self.store = MemoryStore({name: Blob((FILES / name).read_bytes(), WRITTEN) for name in NAMES})

    def object_store(self, account: str) -> MemoryStore:
        return self.store


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> OnMemory:
    platform = OnMemory()
    monkeypatch.setattr("logops.platforms.open_to_read", lambda *_: platform)
    monkeypatch.setattr("logops.platforms.results_url", lambda environment, root: str(tmp_path / "results"))
    monkeypatch.setattr("logops.platforms.open_results", lambda environment, root: store(tmp_path))
    return platform


def store(tmp_path: Path) -> ResultsStore:
    return ResultsStore(str(tmp_path / "results"))


def run(dagbag: DagBag, **params: Any) -> dict[str, str]:
    """Run the audit with these params. Return the states of each task, and the state of the run under `run`."""
    initdb()
    dag = dagbag.dags["content_audit"]
    for task in dag.tasks:
        # The retry delay is half a minute.
        task.__dict__.setdefault("partial_kwargs", {})["retries"] = 0
        task.retries = 0
    ended = dag.test(run_conf=params)
    states: dict[str, list[str]] = {}
    for instance in ended.get_task_instances():
        states.setdefault(instance.task_id, []).append(str(instance.state))
    return {task: " ".join(sorted(found)) for task, found in states.items()} | {"run": str(ended.state)}


def test_run_without_damage_records_coverage(dagbag: DagBag, platform: OnMemory, tmp_path: Path) -> None:
    seen = run(dagbag, budget="1GiB")
    (recorded,) = store(tmp_path).runs("local", "content-audit", datetime.now(UTC) + timedelta(days=1))
    coverage = store(tmp_path).query(
        "content-coverage",
        'select sum(chunks)::bigint as chunks, sum(read_chunks)::bigint as read from "content-coverage"',
    )

    assert seen == {"list": "success", "verify": "success", "reduce": "success", "run": "success"}
    assert recorded[1] == ()
    assert coverage["chunks"].to_pylist() == [len(NAMES)]
    assert [*(tmp_path / "results/steps").glob("*")] == []


def test_damaged_chunk_of_tenant_fails_reduce_and_is_not_recorded(
    dagbag: DagBag, platform: OnMemory, tmp_path: Path
) -> None:
    damaged = next(name for name in NAMES if name.startswith("v4-snappy/"))
    platform.store.blobs[damaged] = Blob(platform.store.blobs[damaged].data[:-1], WRITTEN)
    seen = run(dagbag, tenant="v4-snappy")

    assert (seen["verify"], seen["reduce"], seen["run"]) == ("success", "failed", "failed")
    assert [*store(tmp_path).runs("local", "content-audit", datetime.now(UTC) + timedelta(days=1))] == []
    (file,) = (tmp_path / "results/faulty-chunks").glob("*/*content-audit-*.parquet")
    assert file.is_file()
