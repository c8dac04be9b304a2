"""Storage accounts that somebody changed in the portal: real requests to a fake of Azure, to findings."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from logops.drift import run as drift_run
from logops.drift.run import DriftRequest, DriftResult, run_drift
from logops.findings.store import ResultsStore
from logops.platforms.platform import PlatformError
from logops.platforms.preview import Preview
from logops.render import Files
from tests.support.azure_account import EVERYTHING, PRINCIPAL, READER, AzureAccount, azure_account
from tests.support.fakes.memory_platform import MemoryPlatform
from tests.support.fakes.resource_manager import ResourceManager

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
ACCOUNT = "Storage account oversightmonitoring"


class OnAzure(MemoryPlatform):
    """The environment `production` without a login to its cluster, and one account on the fake of Azure."""

    def __init__(self, azure: AzureAccount, *changes: tuple[str, Any]) -> None:
        super().__init__(azure.environment(*changes), {})
        self.accounts = azure.accounts(*changes)

    def preview_accounts(self, files: Files) -> Preview:
        return self.accounts.preview(files)

    def object_store(self, account: str) -> object:
        raise PlatformError("not part of this test")


@pytest.fixture
def azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AzureAccount]:
    monkeypatch.setattr(drift_run, "SETTLE_S", 0.0)
    with azure_account(tmp_path, monkeypatch) as account:
        account.write()
        yield account


def drift(azure: AzureAccount, folder: Path, *changes: tuple[str, Any]) -> DriftResult:
    request = DriftRequest("run", NOON, ("storage",))
    return run_drift(OnAzure(azure, *changes), request, ResultsStore(str(folder / "results")), lambda _: None)


def account_findings(result: DriftResult) -> dict[str, str]:
    """Return the message of each finding about accounts, by its path."""
    return {
        finding.subject.path: finding.message
        for finding in result.findings
        if finding.cls.name in ("storage-account-drift", "role-missing")
    }


def settings(server: ResourceManager) -> dict[str, Any]:
    assert server.account
    properties: dict[str, Any] = server.account["properties"]
    return properties


def policy(server: ResourceManager) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = server.resources["managementPolicies/default"]["properties"]["policy"]["rules"]
    return rules


def open_network(server: ResourceManager) -> None:
    settings(server)["networkAcls"]["defaultAction"] = "Allow"


def disable_soft_delete(server: ResourceManager) -> None:
    server.resources["blobServices/default"]["properties"]["deleteRetentionPolicy"] = {"enabled": False}


def later_rule(server: ResourceManager) -> None:
    policy(server)[1]["definition"]["actions"]["baseBlob"]["tierToCool"]["daysAfterModificationGreaterThan"] = 90


DIAGNOSTICS = "blobServices/default/providers/Microsoft.Insights/diagnosticSettings/logops"


@pytest.mark.parametrize(
    ("change", "part", "expected"),
    [
        (
            lambda server: settings(server).update(minimumTlsVersion="TLS1_0"),
            "settings",
            "Settings: live settings.minimumTlsVersion: TLS1_0; declared settings.minimumTlsVersion: TLS1_2.",
        ),
        (
            lambda server: settings(server).update(allowBlobPublicAccess=True),
            "settings",
            "Settings: live settings.allowBlobPublicAccess: true; declared settings.allowBlobPublicAccess: false.",
        ),
        (
            open_network,
            "settings",
            "Settings: live settings.networkAcls.defaultAction: Allow; declared settings.networkAcls.defaultAction: "
            "Deny.",
        ),
        (
            disable_soft_delete,
            "blob_service",
            "Blob service: live blob_service.deleteRetentionPolicy.enabled: false; declared "
            "blob_service.deleteRetentionPolicy.days: 7, blob_service.deleteRetentionPolicy.enabled: true.",
        ),
        (
            later_rule,
            "lifecycle",
            "Lifecycle: live lifecycle.main-application-chunks.definition.actions.baseBlob.tierToCool."
            "daysAfterModificationGreaterThan: 90; declared lifecycle.main-application-chunks.definition.actions."
            "baseBlob.tierToCool.daysAfterModificationGreaterThan: 30.",
        ),
        (
            lambda server: server.resources["inventoryPolicies/default"]["properties"]["policy"]["rules"].clear(),
            "inventory",
            "Inventory: declared inventory.enabled: true, inventory.name: audits, inventory.destination: "
            "logops-results, inventory.definition.format: Parquet and 11 more.",
        ),
        (
            lambda server: server.resources.pop("blobServices/default/containers/loki-ruler"),
            "containers",
            "Containers: declared containers: loki-ruler.",
        ),
        (
            lambda server: server.resources.pop(DIAGNOSTICS),
            "diagnostics",
            "Diagnostics: declared diagnostics: /subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/"
            "monitoring/providers/Microsoft.OperationalInsights/workspaces/logs.",
        ),
    ],
    ids=["tls", "public", "network", "soft-delete", "lifecycle", "inventory", "container", "diagnostics"],
)
def test_change_in_the_portal_is_found_with_both_values(
    azure: AzureAccount, tmp_path: Path, change: Callable[[ResourceManager], Any], part: str, expected: str
) -> None:
    change(azure.server)
    azure.server.asked.clear()

    assert account_findings(drift(azure, tmp_path)) == {
        f"storage_accounts.monitoring.{part}": f"{ACCOUNT} is not as declared. {expected}"
    }
    assert azure.server.changes == []


def test_account_as_declared_is_no_finding(azure: AzureAccount, tmp_path: Path) -> None:
    assert account_findings(drift(azure, tmp_path)) == {}


def test_difference_names_what_to_do(azure: AzureAccount, tmp_path: Path) -> None:
    settings(azure.server)["minimumTlsVersion"] = "TLS1_0"
    (finding,) = (each for each in drift(azure, tmp_path).findings if each.cls.name == "storage-account-drift")

    assert finding.subject.cluster == "main"
    assert finding.remedy_text.startswith(
        "To go back to what is declared: `logops up production --stage storage`, or trigger the DAG `rollout` with the "
        "stage storage. To keep the change: write it into include/environments/production.yaml first, then roll out."
    )
    assert "--path storage_accounts.monitoring.settings --for 7d" in finding.remedy_text
    assert "-settings.minimumTlsVersion: TLS1_0\n+settings.minimumTlsVersion: TLS1_2" in str(finding.evidence["diff"])


def test_difference_of_an_account_of_terraform_names_terraform(azure: AzureAccount, tmp_path: Path) -> None:
    settings(azure.server)["minimumTlsVersion"] = "TLS1_0"
    result = drift(azure, tmp_path, *EVERYTHING, ("storage_accounts.monitoring.managed_by", "terraform"))
    (finding,) = (each for each in result.findings if each.cls.name == "storage-account-drift")

    assert finding.remedy_text.startswith(
        "Render with `logops render production`, and apply the folder storage/terraform with Terraform."
    )


def test_deleted_account_is_one_finding(azure: AzureAccount, tmp_path: Path) -> None:
    azure.server.account = None

    assert account_findings(drift(azure, tmp_path)) == {
        "storage_accounts.monitoring": f"{ACCOUNT} is not as declared. It does not exist."
    }


def test_lost_role_is_found_with_the_command_that_gives_it(azure: AzureAccount, tmp_path: Path) -> None:
    azure.server.roles[PRINCIPAL] = [READER]
    messages = account_findings(drift(azure, tmp_path))

    assert list(messages) == ["storage_accounts.monitoring"]
    assert "has no role Storage Blob Data Contributor on the account" in messages["storage_accounts.monitoring"]


def test_account_that_cannot_be_read_is_unknown_and_no_drift(azure: AzureAccount, tmp_path: Path) -> None:
    azure.server.instead["GET", ""] = [(403, {"error": {"code": "AuthorizationFailed", "message": "no"}}, {})] * 2
    result = drift(azure, tmp_path)

    assert account_findings(result) == {}
    assert any(
        "It needs the role Reader" in finding.message
        for finding in result.findings
        if finding.cls.name == "check-incomplete"
    )
