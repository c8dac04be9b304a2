"""final_failure: what it turns into a failure that is not tried again, and what it lets through."""

import json
import os

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTimeout

from logops.airflow.operators.work import final_failure, open_platform, read_environment, results_store
from logops.environment import EnvironmentFileError


def test_an_error_is_final_and_told_to_the_summary(ti) -> None:
    with pytest.raises(AirflowFailException, match="no such thing"), final_failure(ti):
        raise LookupError("no such thing")
    assert ti.said == {"failure": "no such thing"}


def test_running_out_of_time_is_final(ti) -> None:
    with pytest.raises(AirflowFailException), final_failure(ti):
        raise AirflowTaskTimeout("Timeout, PID: 1")


def test_an_error_without_words_is_told_by_its_name(ti) -> None:
    with pytest.raises(AirflowFailException, match="ZeroDivisionError"), final_failure(ti):
        raise ZeroDivisionError


def test_a_task_that_is_killed_is_left_to_be_tried_again(ti) -> None:
    with pytest.raises(KeyboardInterrupt), final_failure(ti):
        raise KeyboardInterrupt
    assert ti.said == {}


def test_a_long_message_is_cut_before_it_fills_the_database(ti) -> None:
    with pytest.raises(AirflowFailException), final_failure(ti):
        raise LookupError("x" * 1_000_000)
    assert len(ti.said["failure"]) < 10_000


def test_an_unknown_environment_is_refused() -> None:
    with pytest.raises(EnvironmentFileError):
        read_environment("staging")


def test_programs_get_the_secrets_of_airflow_connections_as_variables(production, platform, monkeypatch) -> None:
    monkeypatch.delenv("LOGOPS_CONNECTION_SECURITY_STORAGE")
    monkeypatch.setenv("AIRFLOW_CONN_SECURITY_STORAGE", json.dumps({"conn_type": "generic", "password": "its key"}))
    open_platform(production)
    assert os.environ["LOGOPS_CONNECTION_SECURITY_STORAGE"] == "its key"


def test_results_of_a_local_environment_lie_in_its_state_folder(local) -> None:
    assert repr(results_store(local)).endswith(".logops/local/results')")


def test_results_elsewhere_lie_where_the_environment_says(production) -> None:
    assert production.results in repr(results_store(production))
