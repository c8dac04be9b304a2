"""Account keys that stand in Airflow connections."""

import json

import pytest

from logops.airflow.hooks.secrets import SecretMissingError, connection_secrets
from logops.airflow.operators.work import read_environment
from logops.environment import Environment

KEY = "a2V5LWluLWEtY29ubmVjdGlvbg=="
VARIABLE = "LOGOPS_CONNECTION_SECURITY_STORAGE"


@pytest.fixture
def production() -> Environment:
    """Its security account's key is in the connection security_storage; its other account has no key."""
    return read_environment("production")


def test_a_key_is_the_connections_password(production: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SECURITY_STORAGE", json.dumps({"conn_type": "generic", "password": KEY}))
    assert connection_secrets(production, {}) == {VARIABLE: KEY}


def test_a_variable_that_is_set_wins_over_the_connection(production: Environment) -> None:
    assert connection_secrets(production, {VARIABLE: KEY}) == {}


def test_a_key_that_is_not_in_a_connection_is_left_to_the_platform() -> None:
    assert connection_secrets(read_environment("local"), {}) == {}


@pytest.mark.parametrize("connection", [None, {"conn_type": "generic"}])
def test_a_missing_key_is_named_with_where_it_belongs(
    production: Environment, monkeypatch: pytest.MonkeyPatch, connection: dict[str, str] | None
) -> None:
    if connection is not None:
        monkeypatch.setenv("AIRFLOW_CONN_SECURITY_STORAGE", json.dumps(connection))
    with pytest.raises(SecretMissingError) as missing:
        connection_secrets(production, {})
    assert "storage_accounts.security.account_key" in str(missing.value)
    assert "'security_storage'" in str(missing.value)
    assert VARIABLE in str(missing.value)
