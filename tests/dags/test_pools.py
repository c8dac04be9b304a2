"""The pool that keeps queries of several tasks apart."""

import pytest
from airflow.dag_processing.dagbag import DagBag

from logops.airflow.pools import VARIABLE


@pytest.fixture
def _pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "loki")


def pools(dagbag: DagBag) -> dict[str, str]:
    return {dag.dag_id: task.pool for dag in dagbag.dags.values() for task in dag.tasks}


@pytest.mark.usefixtures("_pool")
def test_only_tasks_that_query_loki_use_the_pool_of_the_variable(dagbag: DagBag) -> None:
    assert {dag for dag, pool in pools(dagbag).items() if pool == "loki"} == {"query_benchmark", "ingestion_quality"}


def test_without_the_variable_every_task_uses_the_default_pool(dagbag: DagBag) -> None:
    assert set(pools(dagbag).values()) == {"default_pool"}
