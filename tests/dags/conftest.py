"""Fixtures: the DAGs of this project, parsed by Airflow."""

from tests.support import airflow_home

# isort: split
import time

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG

FOLDER = airflow_home.ROOT / "dags"


@pytest.fixture
def dagbag() -> DagBag:
    """Parse the DAGs again for each test, because running a DAG changes its params."""
    return DagBag(dag_folder=FOLDER, bundle_path=FOLDER, bundle_name="dags-folder")


@pytest.fixture
def _short_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten every sleep: `dag.test()` sleeps one second between two scheduling loops."""
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.01)))


@pytest.fixture
def rollout(dagbag: DagBag) -> DAG:
    return dagbag.dags["rollout"]
