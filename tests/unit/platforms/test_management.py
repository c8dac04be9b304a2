"""Read the live lifecycle policy from the management API of Azure."""

from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken

from logops.clients.blob_storage import ObjectStoreMisconfiguredError, ObjectStoreRefusedError
from logops.environment.storage import StorageAccount
from logops.platforms.management import read_live_policy
from logops.render.storage import lifecycle_policy
from tests.support.environments import environment
from tests.support.fakes.management_api import management_api

ID = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/logs"
    "/providers/Microsoft.Storage/storageAccounts/oversightlogs"
)
POLICY = lifecycle_policy(environment("production"), "monitoring")
ANSWER = {"id": f"{ID}/managementPolicies/default", "properties": {"policy": POLICY}}


class Somebody:
    """A credential with a token that the fake server does not check."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        return AccessToken("secret-token", 2**33)


def account(resource_id: str | None = ID) -> StorageAccount:
    return StorageAccount(
        account_name="oversightlogs", workload_identity_client_id="x", containers=("logs",), resource_id=resource_id
    )


def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *answers: tuple[int, dict[str, Any]]) -> dict[str, Any]:
    with management_api(tmp_path, [*answers]) as (address, certificate, paths):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        policy = read_live_policy(account(), Somebody(), address)
    assert {path.partition("?")[0] for path in paths} == {f"{ID}/managementPolicies/default"}
    return policy


def test_live_policy_is_returned_as_declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(tmp_path, monkeypatch, (200, ANSWER)) == POLICY


def test_throttled_request_is_retried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(tmp_path, monkeypatch, (429, {"error": {"code": "TooManyRequests"}}), (200, ANSWER)) == POLICY


def test_account_without_a_policy_has_no_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = (404, {"error": {"code": "ManagementPolicyNotFound", "message": "no policy"}})

    assert read(tmp_path, monkeypatch, missing) == {"rules": []}


def test_refused_access_is_reported_with_the_required_role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = (403, {"error": {"code": "AuthorizationFailed", "message": "no"}})
    with pytest.raises(ObjectStoreRefusedError) as caught:
        read(tmp_path, monkeypatch, refused)

    assert str(caught.value) == (
        "reading the lifecycle policy of storage account oversightlogs: Azure answered 403 AuthorizationFailed. "
        "It needs the role Reader on the container or the account."
    )


def test_account_without_resource_id_is_refused() -> None:
    with pytest.raises(ObjectStoreMisconfiguredError, match="the account has no resource_id"):
        read_live_policy(account(None), Somebody())
