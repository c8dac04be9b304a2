"""The nightly audit on Celery workers that share nothing but the object store: real Redis, Postgres, Airflow, Azurite.

benchmarks/celery_audit.py does the same with ten million chunks.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import pytest

from benchmarks import celery_audit
from benchmarks.celery_audit import DAG, Bucket
from tests.support.azurites import free_port
from tests.support.celery_airflow import CeleryAirflow, celery_airflow, missing_programs
from tests.support.local_platforms import free_base_port, free_ports
from tests.support.storage_proxy import storage_proxy
from tests.support.waiting import wait_for

CHUNKS = 20_000
PARTITIONS = 6
WORKERS = ("worker-0", "worker-1", "worker-2")
INDEX_FILE = re.compile(r"/index/loki_index_(\d+)/")

pytestmark = [
    pytest.mark.skipif(bool(missing_programs()), reason=missing_programs()),
    pytest.mark.timeout(900),
]


class HeldReads:
    """Holds every read of an index file until it is released."""

    def __init__(self) -> None:
        self.days: set[int] = set()
        """The days of the tables that are being read."""
        self.released = Event()

    def __call__(self, method: str, target: str) -> bool:
        read = INDEX_FILE.search(target)
        # A listing names the folder in its query, with escaped slashes.
        if read and method == "GET":
            self.days.add(int(read[1]))
            self.released.wait()
        return False


@pytest.fixture
def held() -> Iterator[HeldReads]:
    held = HeldReads()
    yield held
    held.released.set()


@contextmanager
def bucket_behind(held: HeldReads, folder: Path) -> Iterator[Bucket]:
    with celery_audit.bucket_on_azurite(CHUNKS, CHUNKS // PARTITIONS, folder, free_base_port(), free_port()) as bucket:
        port = urlsplit(bucket.endpoint).port
        assert port
        with storage_proxy(port, held, bucket.environment.platform.base_port):
            yield bucket


def kill_in_partition(airflow: CeleryAirflow, run: str, held: HeldReads) -> int:
    """Kill a worker while it reads the index of its partition. Return the partition's number."""
    killed: list[int] = []

    def kill() -> bool:
        found = celery_audit.worker_of_partition(airflow, run, WORKERS)
        if found:
            worker, partition = found
            if held.days & set(airflow.api.xcom(DAG, run, "list", "return_value")[partition]["days"]):
                airflow.kill(worker)
                killed.append(partition)
        return bool(killed)

    wait_for(kill, 300, every=0.2, state=lambda: airflow.api.tasks(DAG, run))
    return killed[0]


def test_worker_killed_in_a_partition_loses_nothing_and_no_worker_needs_another_ones_disk(
    tmp_path: Path, held: HeldReads, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bucket_behind(held, tmp_path) as bucket:
        for name, value in bucket.variables.items():
            monkeypatch.setenv(name, value)
        with celery_airflow(bucket.environment, free_ports(3), bucket.variables) as airflow:
            for worker in WORKERS:
                airflow.start_worker(worker)
            celery_audit.trigger(airflow, "run", bucket.as_of)
            partition = kill_in_partition(airflow, "run", held)
            held.released.set()
            celery_audit.wait_for_end(airflow, "run")
            tries = {task.map_index: task.try_number for task in airflow.api.tasks(DAG, "run") if task.task == "judge"}
            outcome = celery_audit.outcome_of_run(bucket, airflow, "run")
            left = [file for worker in WORKERS for file in celery_audit.work_on_disk(airflow, worker)]
        expected = celery_audit.outcome_without_airflow(bucket, tmp_path)

    assert tries[partition] == 2
    assert len(tries) >= PARTITIONS
    assert outcome == expected
    assert expected.missed(bucket.planted) == []
    assert left == []
