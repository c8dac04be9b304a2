"""The page links to runs of DAGs: the DAG of every check is the one that Airflow has."""

from datetime import UTC, datetime

import pytest

from tests.support import airflow_home  # noqa: F401

# isort: split
from logops.airflow.dag_ids import CHECKS
from logops.airflow.page_address import page_url
from logops.findings import Run
from logops.report.airflow_run import dag_of, run_path


@pytest.mark.parametrize(("dag", "check"), [(dag, check) for dag, checks in CHECKS.items() for check in checks])
def test_page_knows_the_dag_of_every_check(dag: str, check: str) -> None:
    assert dag_of(check) == dag


def test_run_of_a_terminal_has_no_link_into_airflow() -> None:
    run = Run("local", "retention-audit", "terminal-ada-20261128T030000Z", datetime(2026, 11, 28, tzinfo=UTC))

    assert run_path(run) == ""


def test_address_of_the_page_has_the_path_of_airflow_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://example.com/team")

    assert page_url("local") == "https://example.com/team/plugin/log-platform/team/logops-page/local"
