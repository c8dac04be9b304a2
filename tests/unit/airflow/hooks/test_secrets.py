"""Account keys in Airflow connections."""

import json

import pytest

from logops.airflow.hooks.secrets import SecretMissingError, connection_secrets, salt_secret
from logops.airflow.operators.work import read_environment
from logops.environment import Environment

KEY = "a2V5LWluLWEtY29ubmVjdGlvbg=="
VARIABLE = "LOGOPS_CONNECTION_SECURITY_STORAGE"
SALT_VARIABLE = "LOGOPS_CONNECTION_LOGOPS_QUALITY_SALT"


@pytest.fixture
def production() -> Environment:
    """The key of its security account is in the connection security_storage. Its other account has no key."""
    return read_environment("production")


def test_account_key_is_read_from_connection_password(production: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SECURITY_STORAGE", json.dumps({"conn_type": "generic", "password": KEY}))
    assert connection_secrets(production, {}) == {VARIABLE: KEY}


def test_connection_is_not_read_when_variable_is_set(production: Environment) -> None:
    assert connection_secrets(production, {VARIABLE: KEY}) == {}


def test_account_key_without_connection_is_skipped() -> None:
    assert connection_secrets(read_environment("local"), {}) == {}


@pytest.mark.parametrize("connection", [None, {"conn_type": "generic"}])
def test_missing_key_is_reported_with_setting_connection_and_variable(
    production: Environment, monkeypatch: pytest.MonkeyPatch, connection: dict[str, str] | None
) -> None:
    if connection is not None:
        monkeypatch.setenv("AIRFLOW_CONN_SECURITY_STORAGE", json.dumps(connection))
    with pytest.raises(SecretMissingError) as missing:
        connection_secrets(production, {})
    assert "storage_accounts.security.account_key" in str(missing.value)
    assert "'security_storage'" in str(missing.value)
    assert VARIABLE in str(missing.value)


def test_salt_is_read_from_connection_password(production: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_LOGOPS_QUALITY_SALT", json.dumps({"conn_type": "generic", "password": KEY}))
    assert salt_secret(production, {}) == {SALT_VARIABLE: KEY}


def test_salt_of_variable_takes_precedence_over_connection(production: Environment) -> None:
    assert salt_secret(production, {SALT_VARIABLE: KEY}) == {}


def test_salt_without_connection_is_left_out(production: Environment) -> None:
    assert salt_secret(production, {}) == {}
