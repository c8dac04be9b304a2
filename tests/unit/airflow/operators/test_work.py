"""Shared task helpers: final failures, secrets, environments and results stores."""

import json
import os

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTimeout

from logops.airflow.hooks.secrets import receiver_secrets
from logops.airflow.operators.work import final_failure, open_platform, read_environment, results_store
from logops.environment import EnvironmentFileError
from tests.support.environments import environment


def test_error_fails_without_retry_and_leaves_message_for_summary(ti) -> None:
    with pytest.raises(AirflowFailException, match="no such thing"), final_failure(ti):
        raise LookupError("no such thing")
    assert ti.pushed == {"failure": "no such thing"}


def test_task_timeout_fails_without_retry(ti) -> None:
    with pytest.raises(AirflowFailException), final_failure(ti):
        raise AirflowTaskTimeout("Timeout, PID: 1")


def test_error_without_message_is_reported_by_class_name(ti) -> None:
    with pytest.raises(AirflowFailException, match="ZeroDivisionError"), final_failure(ti):
        raise ZeroDivisionError


def test_keyboard_interrupt_is_not_a_final_failure(ti) -> None:
    with pytest.raises(KeyboardInterrupt), final_failure(ti):
        raise KeyboardInterrupt
    assert ti.pushed == {}


def test_long_failure_message_is_truncated(ti) -> None:
    with pytest.raises(AirflowFailException), final_failure(ti):
        raise LookupError("x" * 1_000_000)
    assert len(ti.pushed["failure"]) < 10_000


def test_unknown_environment_is_refused() -> None:
    with pytest.raises(EnvironmentFileError):
        read_environment("staging")


def test_secrets_of_airflow_connections_are_set_as_environment_variables(production, platform, monkeypatch) -> None:
    monkeypatch.delenv("LOGOPS_CONNECTION_SECURITY_STORAGE")
    monkeypatch.setenv("AIRFLOW_CONN_SECURITY_STORAGE", json.dumps({"conn_type": "generic", "password": "its key"}))
    open_platform(production)
    assert os.environ["LOGOPS_CONNECTION_SECURITY_STORAGE"] == "its key"


def test_results_of_local_environment_are_in_its_state_folder(local) -> None:
    assert repr(results_store(local)).endswith(".logops/local/results')")


def test_results_of_production_are_at_the_configured_url(production, monkeypatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "a2V5")
    assert production.results in repr(results_store(production))


def test_receiver_secret_of_an_airflow_connection_is_set_as_environment_variable(monkeypatch) -> None:
    receivers = {"on-call": {"slack": {"url": {"connection": "slack"}, "channel": "#logs"}}}
    declared = environment("local", ("alerts", {"standard": {"receivers": receivers}}))
    monkeypatch.setenv("AIRFLOW_CONN_SLACK", json.dumps({"conn_type": "generic", "password": "the url"}))

    assert receiver_secrets(declared, {}) == {"LOGOPS_CONNECTION_SLACK": "the url"}


def test_receiver_secret_without_its_airflow_connection_is_left_to_the_platform(monkeypatch) -> None:
    receivers = {"on-call": {"slack": {"url": {"connection": "missing"}, "channel": "#logs"}}}

    assert receiver_secrets(environment("local", ("alerts", {"standard": {"receivers": receivers}})), {}) == {}
