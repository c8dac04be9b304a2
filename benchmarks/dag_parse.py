"""Measure how long each DAG file takes to parse, without the import of Airflow itself.

    python -m benchmarks.dag_parse [--runs 10]

Each run is a new Python process. It first imports what Airflow's DAG processor has imported before it reads a file.
Compiled files are kept, as for Airflow's DAG processor. Prints the median and the range in milliseconds, and the
heavy modules that the file imports.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

from rich.console import Console
from rich.table import Table

from logops.toolchain import project_root

HEAVY = ("pandas", "duckdb", "pyarrow", "azure", "great_expectations", "numba")
MEASURE = """
import gc, json, runpy, sys, time
import airflow.serialization.encoders
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.hitl import ApprovalOperator
with DAG("any", schedule=None):
    EmptyOperator(task_id="task")
before = set(sys.modules)
gc.freeze()  # As the DAG processor does before it forks a parser (airflow/dag_processing/manager.py).
started = time.perf_counter()
runpy.run_path(sys.argv[1])
seconds = time.perf_counter() - started
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps([seconds, sorted(new)]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    runs = parser.parse_args().runs
    table = Table("DAG file", "median ms", "min", "max", "heavy modules", box=None)
    for file in sorted((project_root() / "dags").glob("*.py")):
        measured = [measure(str(file)) for _ in range(runs + 1)][1:]
        times = [seconds * 1000 for seconds, _ in measured]
        heavy = [name for name in HEAVY if name in measured[0][1]]
        shown = [f"{value:.0f}" for value in (statistics.median(times), min(times), max(times))]
        table.add_row(file.name, *shown, ", ".join(heavy) or "none")
    Console().print(table)


def measure(file: str) -> tuple[float, list[str]]:
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    answer = subprocess.run(
        [sys.executable, "-c", MEASURE, file], env=variables, capture_output=True, text=True, check=True
    )
    seconds, modules = json.loads(answer.stdout.splitlines()[-1])
    return seconds, modules


if __name__ == "__main__":
    main()
