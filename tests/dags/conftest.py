"""Fixtures: the DAGs of this project, parsed by Airflow."""

from tests.support import airflow_home

# isort: split
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG

FOLDER = airflow_home.ROOT / "dags"


@pytest.fixture
def dagbag() -> DagBag:
    """Parse the DAGs again for each test, because running a DAG changes its params."""
    return DagBag(dag_folder=FOLDER, bundle_path=FOLDER, bundle_name="dags-folder")


@pytest.fixture
def rollout(dagbag: DagBag) -> DAG:
    return dagbag.dags["rollout"]
