"""The page links to tasks that the DAGs have."""

from datetime import UTC, datetime

import pytest
from airflow.dag_processing.dagbag import DagBag

from logops.findings import Run
from logops.report.airflow_run import log_path

NIGHT = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    "check", ["compaction-audit", "retention-audit", "content-audit", "queries", "ingestion-quality", "drift"]
)
def test_log_of_a_run_is_that_of_a_task_of_its_dag(check: str, dagbag: DagBag) -> None:
    path = log_path(Run("local", check, f"scheduled__{NIGHT.isoformat()}", NIGHT))

    _, dag_id, _, run_id, _, task_id = path.split("/")
    assert task_id in dagbag.dags[dag_id].task_ids
    assert run_id == "scheduled__2026-11-28T00%3A00%3A00%2B00%3A00"
