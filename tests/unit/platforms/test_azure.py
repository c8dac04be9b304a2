"""Storage accounts through Azure's management API: the SDK's real client against a fake of the server."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from logops.rollout import RolloutRefusedError
from logops.rollout.acceptance import judge, refuse_critical
from tests.support.azure_account import (
    CONTRIBUTOR,
    EVERYTHING,
    ID,
    PRINCIPAL,
    READER,
    AzureAccount,
    Somebody,
    azure_account,
    message,
)
from tests.support.fakes.resource_manager import SOON

WRITING = "writing storage account oversightmonitoring:"
DIAGNOSTICS = "blobServices/default/providers/Microsoft.Insights/diagnosticSettings/logops"
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture
def azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AzureAccount]:
    with azure_account(tmp_path, monkeypatch) as account:
        yield account


def test_missing_account_is_created_and_waited_for_with_every_part(azure: AzureAccount) -> None:
    lines = azure.write()

    assert azure.server.polls == 3
    assert [line.removeprefix("writing ").partition(" of ")[0] for line in lines] == [
        "settings", "blob service", "containers", "lifecycle", "inventory", "diagnostics",
    ]  # fmt: skip
    assert azure.server.account
    assert azure.server.account["location"] == "eastus2"
    assert {key: azure.server.account["properties"][key] for key in ("minimumTlsVersion", "allowBlobPublicAccess")} == {
        "minimumTlsVersion": "TLS1_2",
        "allowBlobPublicAccess": False,
    }
    assert azure.differing() == []


def test_second_write_changes_nothing(azure: AzureAccount) -> None:
    azure.write()
    azure.server.asked.clear()

    assert azure.write() == []
    assert azure.server.changes == []


def test_comparison_names_the_parts_that_differ_and_changes_nothing(azure: AzureAccount) -> None:
    azure.write()
    azure.server.asked.clear()
    assert azure.server.account
    azure.server.account["properties"]["minimumTlsVersion"] = "TLS1_0"
    del azure.server.resources["blobServices/default/containers/loki-chunks"]

    assert azure.differing() == ["settings", "containers"]
    assert azure.server.changes == []


def test_write_changes_only_the_part_that_differs(azure: AzureAccount) -> None:
    azure.write()
    azure.server.asked.clear()
    azure.write(*EVERYTHING, ("storage_accounts.monitoring.soft_delete_days", 30))

    assert azure.server.changes == [("PUT", "blobServices/default")]


def test_what_others_have_set_stays(azure: AzureAccount) -> None:
    azure.write()
    others = {"name": "theirs", "enabled": True, "destination": "x", "definition": {}}
    policy = azure.server.resources["inventoryPolicies/default"]["properties"]["policy"]
    policy["rules"] = [others, {**policy["rules"][0], "enabled": False}]
    azure.server.resources["blobServices/default"]["properties"]["cors"] = {"corsRules": [{"maxAgeInSeconds": 1}]}
    azure.write(*EVERYTHING, ("storage_accounts.monitoring.soft_delete_days", 30))

    rules = azure.server.resources["inventoryPolicies/default"]["properties"]["policy"]["rules"]
    assert [(rule["name"], rule["enabled"]) for rule in rules] == [("theirs", True), ("audits", True)]
    properties = azure.server.resources["blobServices/default"]["properties"]
    assert properties["cors"] == {"corsRules": [{"maxAgeInSeconds": 1}]}
    assert properties["deleteRetentionPolicy"] == {"enabled": True, "days": 30}


def test_diagnostics_that_are_no_longer_wanted_are_removed(azure: AzureAccount) -> None:
    azure.write()
    azure.server.asked.clear()
    azure.write(*(change for change in EVERYTHING if not change[0].endswith("diagnostics")))

    assert azure.server.changes == [
        ("DELETE", "blobServices/default/providers/Microsoft.Insights/diagnosticSettings/logops")
    ]


def test_throttled_request_is_repeated_after_the_time_that_azure_names(azure: AzureAccount) -> None:
    azure.refuse("PUT", "managementPolicies/default", 429, "TooManyRequests", times=2, **{"Retry-After": "1"})
    azure.write()

    assert azure.server.changes.count(("PUT", "managementPolicies/default")) == 3


def test_request_that_stays_throttled_is_reported_and_a_repetition_continues(azure: AzureAccount) -> None:
    azure.refuse("PUT", "managementPolicies/default", 429, "TooManyRequests", times=6, **SOON)

    assert message(azure.write) == (
        f"{WRITING} Azure answered 429 TooManyRequests. Azure limits such requests for "
        "each subscription: repeat this in some minutes."
    )
    assert azure.differing() == ["lifecycle", "inventory", "diagnostics"]
    azure.write()
    assert azure.differing() == []


def test_conflict_with_another_change_is_reported(azure: AzureAccount) -> None:
    azure.write()
    azure.refuse("PATCH", "", 409, "StorageAccountOperationInProgress")

    assert message(lambda: azure.write(("storage_accounts.monitoring.network", {"addresses": ["203.0.113.7"]}))) == (
        f"{WRITING} Azure answered 409 StorageAccountOperationInProgress. Another change "
        "of the account is running: repeat this when it has ended."
    )


def test_name_of_somebody_else_is_reported_before_any_change(azure: AzureAccount) -> None:
    azure.server.taken_names.add("oversightmonitoring")

    assert message(azure.write) == (
        f"{WRITING} the name cannot be used: The storage account named "
        "oversightmonitoring is already taken. Choose another account_name. Nothing was changed."
    )
    assert azure.server.changes == []


def test_missing_account_without_location_is_reported_before_any_change(azure: AzureAccount) -> None:
    assert message(lambda: azure.write(("storage_accounts.monitoring.principal_id", PRINCIPAL))) == (
        f"{WRITING} there is no such account in resource group monitoring. Create it, "
        "correct resource_id, or set location: then logops creates it. Nothing was changed."
    )
    assert azure.server.changes == []


def test_other_redundancy_is_reported_before_any_change(azure: AzureAccount) -> None:
    azure.write()
    azure.server.asked.clear()
    changes = (*EVERYTHING, ("storage_accounts.monitoring.redundancy", "GRS"))

    assert message(lambda: azure.write(*changes)) == (
        f"{WRITING} it is Standard_ZRS, and the environment wants Standard_GRS. Azure "
        "converts accounts in days, not by an update: convert it first, or correct `redundancy`. Nothing was changed."
    )
    assert azure.server.changes == []


def test_subscription_without_the_provider_is_reported_and_not_changed(azure: AzureAccount) -> None:
    azure.refuse("PUT", "", 409, "MissingSubscriptionRegistration")

    assert message(azure.write) == (
        f"{WRITING} Azure answered 409 MissingSubscriptionRegistration. The subscription does "
        "not know storage accounts yet: run `az provider register --namespace Microsoft.Storage`, and wait until it is "
        "registered."
    )
    assert azure.server.changes == [("PUT", "")]


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("GET", "", "Storage Account Contributor"),
        ("PUT", "", "Storage Account Contributor"),
        ("PUT", "blobServices/default", "Storage Account Contributor"),
        ("PUT", "blobServices/default/containers/loki-chunks", "Storage Account Contributor"),
        ("PUT", "managementPolicies/default", "Storage Account Contributor"),
        ("PUT", "inventoryPolicies/default", "Storage Account Contributor"),
        ("PUT", DIAGNOSTICS, "Monitoring Contributor"),
    ],
)
def test_missing_permission_is_reported_with_the_role(azure: AzureAccount, method: str, path: str, role: str) -> None:
    azure.refuse(method, path, 403, "AuthorizationFailed")

    assert message(azure.write) == (
        f"{WRITING} Azure answered 403 AuthorizationFailed. It needs the role {role} on the container or the account."
    )


def test_expired_token_is_reported_with_what_to_do(azure: AzureAccount) -> None:
    azure.refuse("GET", "", 401, "ExpiredAuthenticationToken")

    assert message(azure.write) == (
        f"{WRITING} Azure answered 401 ExpiredAuthenticationToken. The login has expired: run `az login` again, or "
        "renew the application's secret."
    )


def test_expired_secret_is_reported_in_the_words_of_entra_id(
    azure: AzureAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: str, **__: Any) -> AccessToken:
        raise ClientAuthenticationError(
            "EnvironmentCredential: Authentication failed: AADSTS7000222: The provided client secret keys for app "
            "'22222222' are expired.\r\nTrace ID: 1\r\nCorrelation ID: 2"
        )

    monkeypatch.setattr(Somebody, "get_token", refuse)
    said = (
        "oversightmonitoring: Azure refused the login: AADSTS7000222: The provided client secret keys for app "
        "'22222222' are expired."
    )
    assert message(azure.write) == f"writing storage account {said}"
    assert message(azure.differing) == f"reading storage account {said}"
    assert azure.server.asked == []


def test_creation_that_fails_at_azure_is_reported_and_a_repetition_continues(azure: AzureAccount) -> None:
    azure.refuse("GET", "operations/create", 409, "RequestDisallowedByPolicy")
    assert message(azure.write) == (
        f"{WRITING} Azure answered 409 RequestDisallowedByPolicy. A policy of the subscription forbids the change: ask "
        "who owns the policy."
    )
    azure.write()
    assert azure.differing() == []


def test_operation_that_ends_as_failed_is_reported_with_its_code(azure: AzureAccount) -> None:
    operation = {"Azure-AsyncOperation": f"{azure.address}/operations/create?api-version=1", **SOON}
    failed = {"status": "Failed", "error": {"code": "QuotaExceeded", "message": "10 accounts."}}
    azure.server.instead["PUT", ""] = [(202, {}, operation)]
    azure.server.instead["GET", "operations/create"] = [(200, {"status": "InProgress"}, SOON), (200, failed, {})]

    assert message(azure.write) == f"{WRITING} Azure began the change and ended it as failed: QuotaExceeded."


def test_more_than_100_rules_are_written_joined(azure: AzureAccount) -> None:
    tenant = {"retention": {"hot": "30d", "then": "Cool", "keep": "90d"}}
    changes = (EVERYTHING[0], *((f"clusters.main.tenants.t{number}", tenant) for number in range(150)))
    azure.write(*changes)
    rules = azure.server.resources["managementPolicies/default"]["properties"]["policy"]["rules"]
    prefixes = [rule["definition"]["filters"]["prefixMatch"] for rule in rules]

    assert (len(rules), max(map(len, prefixes))) == (17, 10)
    assert {f"loki-chunks/t{number}/" for number in range(150)} <= {prefix for each in prefixes for prefix in each}
    assert azure.differing(*changes) == []


def test_policy_that_azure_would_refuse_refuses_the_plan_beforehand(azure: AzureAccount) -> None:
    rules = [
        {"name": f"r{days}", "container": "system-logs", "prefix": f"{days}/", "cool_after": days}
        for days in range(1, 120)
    ]
    declared = azure.environment(EVERYTHING[0], ("storage_accounts.monitoring.lifecycle", rules))
    (finding,) = (each for each in judge(declared, NOON) if each.cls == "lifecycle-policy-refused")

    assert "needs 119 rules, although rules with the same actions are joined; Azure allows 100" in finding.message
    with pytest.raises(RolloutRefusedError):
        refuse_critical("production", [finding], [])


def test_missing_resource_group_is_an_error_and_no_missing_account(azure: AzureAccount) -> None:
    azure.refuse("GET", "", 404, "ResourceGroupNotFound")

    assert "Create the resource group in resource_id, or correct it." in message(azure.write)
    assert azure.server.changes == []


def test_setting_that_a_policy_changes_back_is_reported(azure: AzureAccount) -> None:
    azure.write()
    assert azure.server.account
    live = dict(azure.server.account)
    azure.server.instead["PATCH", ""] = [(200, live, {})]
    changes = (*EVERYTHING[:2], *EVERYTHING[3:])

    assert message(lambda: azure.write(*changes)) == (
        f"{WRITING} settings: Azure has another value than the one that was written. Does "
        "a policy of the subscription change it?"
    )


def test_identity_without_role_is_reported_with_the_command_that_gives_it(azure: AzureAccount) -> None:
    azure.server.roles[PRINCIPAL] = [READER]

    assert message(azure.write) == (
        f"{WRITING} identity {PRINCIPAL} has no role Storage Blob Data Contributor on the account, so Loki could not "
        f"store anything. Run `az role assignment create --assignee-object-id {PRINCIPAL} --assignee-principal-type "
        f"ServicePrincipal --role 'Storage Blob Data Contributor' --scope {ID}`"
    )
    azure.server.roles[PRINCIPAL] = [CONTRIBUTOR]
    assert azure.write() == []


def test_account_that_names_no_identity_is_not_asked_for_roles(azure: AzureAccount) -> None:
    azure.write(*(change for change in EVERYTHING if not change[0].endswith("principal_id")))

    assert [path for _, path in azure.server.asked if path.endswith("roleAssignments")] == []
