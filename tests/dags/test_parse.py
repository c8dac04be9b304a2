"""Reading a DAG file brings in nothing heavy, and costs little over Airflow's own import."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import airflow_home

FILES = sorted((airflow_home.ROOT / "dags").glob("*.py"))
HEAVY = {"pandas", "numpy", "duckdb", "pyarrow", "azure", "great_expectations", "requests", "supervisor", "psutil"}
MEASURE = """
import json, runpy, sys, time
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.hitl import ApprovalOperator
with DAG("any", schedule=None):
    EmptyOperator(task_id="task")
airflow = set(sys.modules)
started = time.process_time()
runpy.run_path(sys.argv[1])
seconds = time.process_time() - started
print(json.dumps([seconds, sorted({name.partition(".")[0] for name in set(sys.modules) - airflow})]))
"""


@pytest.fixture(scope="module", params=FILES, ids=lambda file: file.stem)
def read(request: pytest.FixtureRequest) -> tuple[float, set[str]]:
    """Seconds of processor time over Airflow's own, and the modules that came with the file; in a fresh Python."""
    file: Path = request.param
    answer = subprocess.run([sys.executable, "-c", MEASURE, file], capture_output=True, text=True, check=True)
    seconds, modules = json.loads(answer.stdout.splitlines()[-1])
    return seconds, set(modules)


def test_reading_a_file_imports_nothing_heavy(read: tuple[float, set[str]]) -> None:
    assert read[1] & HEAVY == set()


def test_reading_a_file_takes_less_than_50_ms_over_airflows_own_import(read: tuple[float, set[str]]) -> None:
    assert read[0] < 0.050
