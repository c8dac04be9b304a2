"""The login to Azure, from the fields of an Airflow connection of type Azure."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken, AccessTokenInfo
from azure.identity import ClientSecretCredential, DefaultAzureCredential

from logops.airflow.hooks.azure import AzureConnectionError, azure_login
from logops.airflow.operators import work
from logops.platforms.azure.accounts import AzureAccounts
from logops.render import Files
from logops.rollout import plan_stage
from tests.support.azure_account import NAME, AzureAccount, azure_account
from tests.support.environments import environment

SECRET, TOKEN = "a-secret-of-the-tests", "a-token-of-the-tests"
COMPLETE = {
    "login": "22222222-0000-0000-0000-000000000000",
    "password": SECRET,
    "extra": {"tenantId": "33333333-0000-0000-0000-000000000000", "subscriptionId": "4"},
}


def connection(monkeypatch: pytest.MonkeyPatch, **fields: Any) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_AZURE_DEFAULT", json.dumps({"conn_type": "azure", **fields}))


def give_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an application log in without Entra ID."""
    monkeypatch.setattr(ClientSecretCredential, "get_token", lambda *_, **__: AccessToken(TOKEN, 2**33))
    monkeypatch.setattr(ClientSecretCredential, "get_token_info", lambda *_, **__: AccessTokenInfo(TOKEN, 2**33))


@pytest.fixture
def azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AzureAccount]:
    with azure_account(tmp_path, monkeypatch) as account:
        yield account


def test_application_with_secret_is_the_login(monkeypatch: pytest.MonkeyPatch) -> None:
    connection(monkeypatch, **COMPLETE)

    assert isinstance(azure_login("azure_default"), ClientSecretCredential)


@pytest.mark.parametrize("extra", [{}, {"managed_identity_client_id": "2", "workload_identity_tenant_id": "3"}])
def test_connection_without_secret_is_an_identity_of_the_worker(
    extra: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    connection(monkeypatch, extra=extra)

    assert isinstance(azure_login("azure_default"), DefaultAzureCredential)


def test_missing_connection_leaves_the_identity_of_the_worker() -> None:
    assert azure_login("there_is_no_such_connection") is None


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {**COMPLETE, "extra": {}},
            "it has no tenantId. Set login (client id), password (secret) and tenantId, or none of them.",
        ),
        (
            {"login": "2", "extra": {"tenantId": "3"}},
            "it has no password. Set login (client id), password (secret) and tenantId, or none of them.",
        ),
        (
            {"extra": {"key_path": "/srv/key.json"}},
            "key_path is not supported. Set login (client id), password (secret) and tenantId instead.",
        ),
        (
            {**COMPLETE, "extra": {"tenantId": "3", "cloud_environment": "AzureChinaCloud"}},
            "cloud_environment is 'AzureChinaCloud'. logops manages accounts of AzurePublicCloud only.",
        ),
    ],
)
def test_connection_that_cannot_be_used_is_refused_with_the_field(
    fields: dict[str, Any], problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection(monkeypatch, **fields)
    with pytest.raises(AzureConnectionError) as refusal:
        azure_login("azure_default")

    assert str(refusal.value) == f"Airflow connection 'azure_default': {problem}"


def test_platform_of_a_task_logs_in_with_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    connection(monkeypatch, **COMPLETE)
    for variable in ("SECURITY_STORAGE", "LOGOPS_QUALITY_SALT"):
        monkeypatch.setenv(f"LOGOPS_CONNECTION_{variable}", "a2V5")
    logins: list[Any] = []
    monkeypatch.setattr("logops.platforms.remote.ObjectStore.connect", lambda *arguments: logins.append(arguments[1]))
    give_tokens(monkeypatch)
    platform = work.open_to_read(environment("production"))
    platform.object_store("monitoring")

    assert isinstance(logins[0].credential, ClientSecretCredential)
    assert isinstance(platform._accounts.credential, ClientSecretCredential)  # type: ignore[attr-defined]


def test_neither_secret_nor_token_is_in_log_or_plan(
    azure: AzureAccount, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    connection(monkeypatch, **COMPLETE)
    give_tokens(monkeypatch)
    caplog.set_level(logging.DEBUG)
    account, _ = azure.declared()
    accounts = AzureAccounts({NAME: account}, azure_login("azure_default"), azure.address)
    files, lines = azure.files(), list[str]()
    preview = accounts.preview(files)
    accounts.write(files, lines.append)
    planned = plan_stage("storage", Files({}), files, preview)

    said = "\n".join([caplog.text, repr(accounts), repr(preview), repr(planned), *lines])
    assert "oversightmonitoring" in said
    assert [word for word in (SECRET, TOKEN) if word in said] == []
