"""Parsing a DAG file must not import heavy packages. benchmarks/dag_parse.py measures the parse time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import airflow_home

FILES = sorted((airflow_home.ROOT / "dags").glob("*.py"))
HEAVY = {"pandas", "numpy", "duckdb", "pyarrow", "azure", "great_expectations", "requests", "supervisor", "psutil"}
MEASURE = """
import json, runpy, sys
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.hitl import ApprovalOperator
with DAG("any", schedule=None):
    EmptyOperator(task_id="task")
airflow = set(sys.modules)
runpy.run_path(sys.argv[1])
print(json.dumps(sorted(set(sys.modules) - airflow)))
"""


@pytest.fixture(scope="module", params=FILES, ids=lambda file: file.stem)
def brought_in(request: pytest.FixtureRequest) -> set[str]:
    """The modules that a DAG file imports in addition to Airflow's own, in a new Python process."""
    file: Path = request.param
    answer = subprocess.run([sys.executable, "-c", MEASURE, file], capture_output=True, text=True, check=True)
    return set(json.loads(answer.stdout.splitlines()[-1]))


def test_dag_file_imports_no_heavy_package(brought_in: set[str]) -> None:
    assert {name.partition(".")[0] for name in brought_in} & HEAVY == set()


def test_dag_file_does_not_import_the_environment_model(brought_in: set[str]) -> None:
    """Its pydantic classes take more than 100 ms, whenever Airflow parses the file."""
    assert "logops.environment" not in brought_in
