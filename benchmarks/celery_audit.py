"""Measure the nightly audit on Celery workers that share nothing but the object store.

    python -m benchmarks.celery_audit --chunks 10000000

The container is made from a seed (synthetic.py) with known faults, and read by its Blob Inventory. Postgres, Redis,
Azurite, Airflow and its workers run on this machine, each worker with its own folders. The DAG runs with one, two and
three workers. In a last run with three workers, one is killed in the middle of a partition. The script fails if a run
does not find the same as the same audit without Airflow, or if it does not find the planted faults.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks import synthetic
from logops.audit.request import AuditRequest, Check
from logops.audit.run import run_audit
from logops.clients.blob_storage import AccountKey, ObjectStore
from logops.environment import Environment
from logops.findings import Finding
from logops.findings.store import ResultsStore
from logops.platforms import open_to_read
from logops.quickstart.airflow_api import TaskState
from tests.support.azurites import ACCOUNT, KEY, azurite
from tests.support.celery_airflow import CeleryAirflow, celery_airflow, missing_programs
from tests.support.environments import environment
from tests.support.local_platforms import free_base_port, free_ports
from tests.support.waiting import wait_for

DAG = "retention_audit"
CHECKS = (Check.RETENTION, Check.TIERING)
RESULTS = "logops-results"
NAME = "several-workers"
_KEY_VARIABLE = "LOGOPS_MAIN_STORAGE_KEY"
_ENDED = ("success", "failed")
_RUN_WITHIN_S = 3600
_PARTITIONS = 12


@dataclass(frozen=True)
class Bucket:
    """A synthetic container with its inventory on Azurite, and an empty container for the results."""

    environment: Environment
    endpoint: str
    as_of: datetime
    planted: synthetic.Planted

    @property
    def variables(self) -> dict[str, str]:
        """The logins, as a worker gets them."""
        login = f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={self.endpoint};"
        return {_KEY_VARIABLE: KEY, "AZURE_STORAGE_CONNECTION_STRING": login}

    def store(self) -> ObjectStore:
        return ObjectStore.connect(ACCOUNT, AccountKey(KEY), self.endpoint)


@contextmanager
def bucket_on_azurite(
    chunks: int, chunks_per_task: int, folder: Path, base_port: int, azurite_port: int = 0
) -> Iterator[Bucket]:
    """Make a container of this size and yield it.

    folder         for everything that is made; the caller removes it
    base_port      of the environment, which expects Azurite there
    azurite_port   where Azurite listens instead
    """
    # The chunks are old enough for their tier at this moment, and the run is not a drill.
    as_of = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
    (folder / "azurite").mkdir(parents=True)
    planted = synthetic.make(folder / "made", chunks, as_of)
    with azurite(folder / "azurite", azurite_port or base_port) as endpoint:
        bucket = Bucket(_environment(base_port, chunks_per_task), endpoint, as_of, planted)
        with bucket.store() as store:
            for name in (synthetic.CONTAINER, synthetic.INVENTORY):
                store.create_container(name)
                for file in (folder / "made" / name).rglob("*"):
                    if file.is_file():
                        store.container(name).write(str(file.relative_to(folder / "made" / name)), file.read_bytes())
            store.create_container(RESULTS)
        shutil.rmtree(folder / "made")
        yield bucket


def _environment(base_port: int, chunks_per_task: int) -> Environment:
    """Return an environment of which only the storage account runs. Its results are in an object store."""
    kept = {"retention": {"hot": "30d", "then": "Cool", "keep": "90d"}}
    containers = [synthetic.CONTAINER, synthetic.INVENTORY, "loki-ruler", RESULTS]
    return environment(
        "local",
        ("name", NAME),
        ("platform.base_port", base_port),
        ("results", f"abfs://{RESULTS}@{ACCOUNT}.dfs.core.windows.net/{NAME}"),
        ("audit.chunks_per_task", chunks_per_task),
        ("clusters.security", None),
        ("storage_accounts.security", None),
        ("sources", {}),
        ("agents", {}),
        ("clusters.main.canary", None),
        ("clusters.main.tenants", dict.fromkeys(synthetic.TENANTS, kept)),
        ("storage_accounts.main.account_name", ACCOUNT),
        ("storage_accounts.main.account_key", {"env": _KEY_VARIABLE}),
        ("storage_accounts.main.containers", containers),
        ("storage_accounts.main.lifecycle", []),
        ("storage_accounts.main.inventory", {"container": synthetic.INVENTORY, "rule": synthetic.RULE}),
    )


@dataclass(frozen=True)
class Outcome:
    """The findings and numbers of an audit, in a form that can be compared."""

    findings: frozenset[tuple[str, str, str, str]]
    """Class, subject, message and sample of names."""
    tenants: frozenset[tuple[str, ...]]
    """The rows of the table of tenants: their tables, chunks and bytes."""

    @classmethod
    def of(cls, findings: Iterable[Finding], tenants: Iterable[Sequence[str]]) -> "Outcome":
        rows = (
            (finding.cls.name, str(finding.subject), finding.message, str(finding.evidence.get("sample", "")))
            for finding in findings
        )
        return cls(frozenset(rows), frozenset(map(tuple, tenants)))

    def missed(self, planted: synthetic.Planted) -> list[str]:
        """Return the names of planted faults that are in no finding.

        Orphans are left out: no Loki runs here, and without its compactor an audit does not know which chunks are about
        to be deleted.
        """
        found = {name for *_, sample in self.findings for name in sample.split(", ")}
        return [name for name in (*planted.missing, *planted.archived, *planted.too_warm) if name not in found]


def outcome_without_airflow(bucket: Bucket, folder: Path) -> Outcome:
    """Run the audit in this process, which must have the bucket's variables."""
    platform = open_to_read(bucket.environment, folder)
    result = run_audit(platform, AuditRequest(CHECKS, "without-airflow", bucket.as_of), None, lambda _: None)
    return Outcome.of(result.findings, result.tenant_rows())


def outcome_of_run(bucket: Bucket, airflow: CeleryAirflow, run: str) -> Outcome:
    """Return what a run of the DAG has stored."""
    stored = {
        check: findings
        for check in CHECKS
        for recorded, findings in ResultsStore(bucket.environment.results).runs(NAME, check, datetime.now(UTC))
        if recorded.id == run
    }
    assert len(stored) == len(CHECKS), f"{run} has recorded {', '.join(stored) or 'nothing'}"
    _columns, *rows = airflow.api.xcom(DAG, run, "reduce", "summary")["tenants"]
    return Outcome.of((finding for findings in stored.values() for finding in findings), rows)


def trigger(airflow: CeleryAirflow, run: str, as_of: datetime) -> None:
    """Start a run of the audit as soon as the DAG is parsed."""
    wait_for(lambda: airflow.api.has_dag(DAG), 120, every=0.5)
    airflow.api.patch(f"/api/v2/dags/{DAG}", "unpausing the DAG", {"is_paused": False})
    airflow.api.trigger(DAG, run, {"environment": NAME, "as_of": as_of.isoformat()})


def wait_for_end(airflow: CeleryAirflow, run: str) -> None:
    wait_for(
        lambda: airflow.api.run_state(DAG, run) in _ENDED,
        _RUN_WITHIN_S,
        every=0.5,
        state=lambda: airflow.api.tasks(DAG, run),
    )


def worker_of_partition(airflow: CeleryAirflow, run: str, workers: Sequence[str]) -> tuple[str, int] | None:
    """Return a worker that is judging a partition now, and the partition's number; None if none is."""
    answer = airflow.api.get(f"/api/v2/dags/{DAG}/dagRuns/{run}/taskInstances", "reading tasks", {"limit": 200})
    running = [task for task in answer["task_instances"] if task["task_id"] == "judge" and task["state"] == "running"]
    for worker in workers:
        pids = {member.pid for member in airflow.members(worker)}
        for task in running:
            if task["pid"] in pids:
                return worker, task["map_index"]
    return None


@dataclass(frozen=True)
class Figures:
    """Seconds of a run. Processor time is that of the workers, without Airflow, Azurite and the databases."""

    workers: int
    partitions: int
    run_s: float
    judge_s: float
    """From the end of `list` to the end of the last `judge`."""
    judge_cpu_s: float
    killed: str = ""

    @property
    def row(self) -> tuple[str, ...]:
        return (
            f"{self.workers}{self.killed}",
            str(self.partitions),
            f"{self.run_s:.0f}",
            f"{self.judge_s:.0f}",
            f"{self.judge_s / self.partitions:.1f}",
            f"{self.judge_cpu_s / self.partitions:.1f}",
        )


def measured_run(airflow: CeleryAirflow, run: str, as_of: datetime, workers: Sequence[str], *, kill: bool) -> Figures:
    """Run the DAG to its end. With `kill`, kill the first worker that is judging a partition."""

    def tasks(task_id: str) -> list[TaskState]:
        return [task for task in airflow.api.tasks(DAG, run) if task.task == task_id]

    def cpu() -> float:
        return sum(airflow.cpu_seconds(worker) for worker in workers)

    started = time.monotonic()
    trigger(airflow, run, as_of)
    wait_for(lambda: all(task.state == "success" for task in tasks("list")), _RUN_WITHIN_S, every=0.2)
    listed, before = time.monotonic(), cpu()
    killed = ""
    if kill:
        chosen: list[tuple[str, int]] = []
        wait_for(
            lambda: bool(found := worker_of_partition(airflow, run, workers)) and not chosen.append(found), every=0.1
        )
        (worker, partition), killed = chosen[0], ", one killed"
        before -= airflow.cpu_seconds(worker)
        airflow.kill(worker)
    wait_for(lambda: {task.state for task in tasks("judge")} <= {*_ENDED}, _RUN_WITHIN_S, every=0.2)
    judged, after = time.monotonic(), cpu()
    wait_for_end(airflow, run)
    tries = {task.map_index: task.try_number for task in tasks("judge")}
    if kill and tries[partition] < 2:
        raise SystemExit("the worker was killed between two partitions; run the script again")
    ended = time.monotonic()
    return Figures(len(workers), len(tries), ended - started, judged - listed, after - before, killed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=10_000_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 3])
    options = parser.parse_args()
    if reason := missing_programs():
        raise SystemExit(reason)
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix="logops-bucket-"))
    try:
        console.print(f"making a bucket of {options.chunks:,} chunks")
        with bucket_on_azurite(options.chunks, options.chunks // _PARTITIONS, folder, free_base_port()) as bucket:
            os.environ.update(bucket.variables)
            expected = outcome_without_airflow(bucket, folder)
            if missed := expected.missed(bucket.planted):
                raise SystemExit(f"not found without Airflow: {missed[:5]}, {len(missed)} in all")
            console.print(f"without Airflow: {len(expected.findings)} findings, every planted fault among them")
            figures = [
                figures_with(bucket, count, expected, kill=kill, console=console)
                for count, kill in [*((count, False) for count in options.workers), (max(options.workers), True)]
            ]
        console.print(_table(options.chunks, figures))
    finally:
        shutil.rmtree(folder)


def figures_with(bucket: Bucket, count: int, expected: Outcome, *, kill: bool, console: Console) -> Figures:
    """Run the audit on a new Airflow with this many workers. Raises SystemExit if it does not find what is expected."""
    run = f"workers-{count}{'-killed' if kill else ''}"
    with celery_airflow(bucket.environment, free_ports(3), bucket.variables) as airflow:
        workers = [f"worker-{number}" for number in range(count)]
        for worker in workers:
            airflow.start_worker(worker)
        figures = measured_run(airflow, run, bucket.as_of, workers, kill=kill)
        outcome = outcome_of_run(bucket, airflow, run)
        shared = [file for worker in workers for file in work_on_disk(airflow, worker)]
    if outcome != expected:
        raise SystemExit(f"{run} differs: {(outcome.findings ^ expected.findings) or outcome.tenants}")
    if shared:
        raise SystemExit(f"{run} left work on the disk of a worker: {shared[:5]}")
    console.print(f"{run}: the same findings and the same numbers of chunks; {' '.join(figures.row)}")
    return figures


def work_on_disk(airflow: CeleryAirflow, worker: str) -> list[Path]:
    """Return the files with results or partitions that a worker left on its own disk."""
    return [file for file in airflow.files(worker) if file.suffix in (".arrow", ".json", ".parquet")]


def _table(chunks: int, figures: Sequence[Figures]) -> Table:
    columns = ("workers", "partitions", "run s", "judge s", "s a partition", "CPU s a partition")
    table = Table(*columns, title=f"{chunks:,} chunks, {psutil.cpu_count()} cores")
    for row in figures:
        table.add_row(*row.row)
    return table


if __name__ == "__main__":
    main()
