"""A client of Airflow's API: errors that pass, and errors that stay."""

import json

import pytest

from logops.quickstart.airflow_api import AirflowApi
from logops.quickstart.errors import AirflowRefusedError
from tests.support.http_servers import http_server

TOKEN = (201, json.dumps({"access_token": "a"}).encode())
DATABASE_ERROR = (500, b'{"detail": "Database error"}')


def test_run_is_triggered_again_after_an_error_of_the_database() -> None:
    with http_server([TOKEN, DATABASE_ERROR, (200, b"{}")]) as airflow:
        AirflowApi(airflow.url, "admin", "secret").trigger("audit", "run-1", {})

    assert [json.loads(request.body)["dag_run_id"] for request in airflow.received[1:]] == ["run-1", "run-1"]


def test_run_that_was_created_in_spite_of_an_error_is_no_error() -> None:
    with http_server([TOKEN, DATABASE_ERROR, (409, b"{}")]) as airflow:
        AirflowApi(airflow.url, "admin", "secret").trigger("audit", "run-1", {})

    assert len(airflow.received) == 3


def test_run_that_exists_already_is_refused() -> None:
    with (
        http_server([TOKEN, (409, b"exists")]) as airflow,
        pytest.raises(AirflowRefusedError, match=r"triggering audit at .*: Airflow answered 409: exists"),
    ):
        AirflowApi(airflow.url, "admin", "secret").trigger("audit", "run-1", {})


def test_error_that_stays_is_reported_with_the_answer() -> None:
    with (
        http_server([TOKEN, DATABASE_ERROR]) as airflow,
        pytest.raises(AirflowRefusedError, match=r"triggering audit at .*: Airflow answered 500: .*Database error"),
    ):
        AirflowApi(airflow.url, "admin", "secret").trigger("audit", "run-1", {})
