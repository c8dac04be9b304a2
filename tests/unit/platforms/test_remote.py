"""A remote environment: it can be read, and cannot be changed."""

from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError

from logops.audit.policy.lifecycle import compare_policy
from logops.clients.blob_storage import (
    AccountKey,
    DefaultIdentity,
    ObjectStoreMisconfiguredError,
)
from logops.platforms import open_local, open_platform, open_to_read
from logops.platforms.platform import DeployablePlatform, NotLocalError, PlatformError, ReadablePlatform
from logops.platforms.remote import RemotePlatform
from logops.render.storage import lifecycle_policy
from tests.support.environments import environment
from tests.support.fakes.management_api import management_api

PRODUCTION = environment("production")


class Somebody:
    """A credential with a token that the fake server does not check."""

    def get_token(self, *scopes: str, **_: Any) -> Any:
        from azure.core.credentials import AccessToken

        return AccessToken("secret-token", 2**33)


def test_environment_of_any_platform_can_be_opened_to_read() -> None:
    platform: ReadablePlatform = open_to_read(PRODUCTION, Path("/nowhere"))
    assert isinstance(platform, RemotePlatform)


def test_rollout_without_a_login_to_the_cluster_is_refused_with_the_variable_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    with pytest.raises(PlatformError, match=r"logging in to Kubernetes: there is no kubeconfig\. Set KUBECONFIG"):
        open_platform(PRODUCTION, Path("/nowhere"))


def test_kubernetes_environment_cannot_be_started_or_stopped_here() -> None:
    with pytest.raises(
        NotLocalError, match=r"Environment production is for Kubernetes\. logops cannot start or stop it"
    ):
        open_local(PRODUCTION, Path("/nowhere"))


def test_remote_platform_has_the_readable_interface_only() -> None:
    def methods(protocol: type) -> set[str]:
        return {name for name in vars(protocol) if not name.startswith("_")}

    platform = RemotePlatform(PRODUCTION)
    assert [name for name in methods(ReadablePlatform) if not hasattr(platform, name)] == []
    assert [name for name in methods(DeployablePlatform) if hasattr(platform, name)] == []


def test_remote_urls_are_the_addresses_of_pods() -> None:
    urls = RemotePlatform(PRODUCTION).urls("main")

    assert urls["main-compactor-0"] == "http://loki-main-compactor-0.loki-main-compactor-headless.monitoring.svc:3100"
    assert [name for name in urls if "ingester" in name] == [f"main-ingester-{nth}" for nth in range(3)]


def test_read_url_is_the_gateway() -> None:
    assert RemotePlatform(PRODUCTION).read_url("security") == "https://security-logs.oversight.com"


def test_storage_account_is_opened_with_declared_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    logins: list[Any] = []
    monkeypatch.setattr("logops.platforms.remote.ObjectStore.connect", lambda *arguments: logins.append(arguments))
    monkeypatch.setenv("LOGOPS_CONNECTION_SECURITY_STORAGE", "a2V5")
    login = Somebody()
    for account in ("monitoring", "security"):
        RemotePlatform(PRODUCTION, credential=login).object_store(account)

    assert logins == [
        ("oversightmonitoring", DefaultIdentity(login), "https://oversightmonitoring.blob.core.windows.net"),
        ("oversightsecurity", AccountKey("a2V5"), "https://oversightsecurity.blob.core.windows.net"),
    ]


def test_missing_account_key_is_reported_with_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOGOPS_CONNECTION_SECURITY_STORAGE", raising=False)
    with pytest.raises(PlatformError, match=r"connection .security_storage. is not known here"):
        RemotePlatform(PRODUCTION).object_store("security")


class Nobody:
    """The credential of a machine without an identity."""

    def get_token(self, *scopes: str, **_: Any) -> Any:
        raise ClientAuthenticationError(message="DefaultAzureCredential failed to retrieve a token\n" * 17)


def test_machine_without_identity_is_reported_before_a_client_is_created() -> None:
    with pytest.raises(ObjectStoreMisconfiguredError) as refusal:
        RemotePlatform(PRODUCTION, credential=Nobody()).object_store("monitoring")  # type: ignore[arg-type]
    assert str(refusal.value) == (
        "logging in to storage account oversightmonitoring: this machine has no Azure identity: run `az login`, set "
        "AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or use a pod or VM that has one."
    )


def compared(folder: Path, monkeypatch: pytest.MonkeyPatch, status: int, body: dict[str, Any]) -> Any:
    with management_api(folder, [(status, body)]) as (address, certificate, _):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        platform = RemotePlatform(PRODUCTION, management=address, credential=Somebody())
        return compare_policy(platform, "monitoring")


def test_live_lifecycle_policy_is_compared_with_declared_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = lifecycle_policy(PRODUCTION, "monitoring")
    same = compared(tmp_path, monkeypatch, 200, {"properties": {"policy": declared}})
    assert (same.differences, same.unread) == ((), "")

    other = compared(tmp_path, monkeypatch, 200, {"properties": {"policy": {"rules": declared["rules"][1:]}}})
    assert len(other.differences) == 1
    assert "is missing" in other.differences[0]


def test_unreadable_lifecycle_policy_is_reported_with_the_required_role(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison = compared(tmp_path, monkeypatch, 403, {"error": {"code": "AuthorizationFailed", "message": "no"}})

    assert "It needs the role Reader" in comparison.unread


def test_salt_is_the_variable_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert RemotePlatform(PRODUCTION).salt_secret() is None
    monkeypatch.setenv("LOGOPS_CONNECTION_LOGOPS_QUALITY_SALT", "salt of the tests")
    assert RemotePlatform(PRODUCTION).salt_secret() == "salt of the tests"
