"""The plan of storage accounts: what changes, and what must be known before approval. Against a fake of Azure."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from logops.platforms.azure.account import Comparison, Difference
from logops.platforms.azure.consequences import consequences
from logops.platforms.preview import Preview
from logops.render import Files
from tests.support.azure_account import EVERYTHING, PRINCIPAL, READER, SUBNET, AzureAccount, azure_account

A = "storage_accounts.monitoring"
ACCOUNT = "Storage account oversightmonitoring"
LOCATION = (f"{A}.location", "eastus2")


@pytest.fixture
def azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AzureAccount]:
    with azure_account(tmp_path, monkeypatch) as account:
        yield account


def marks(preview: Preview) -> list[tuple[str, str, str]]:
    return [(mark.cls.name, mark.refuses, mark.message) for mark in preview.marks]


def live(azure: AzureAccount) -> dict[str, Any]:
    """Return the properties of the live account, to change them."""
    assert azure.server.account
    properties: dict[str, Any] = azure.server.account["properties"]
    return properties


def test_account_as_declared_has_no_change_and_no_mark(azure: AzureAccount) -> None:
    azure.write()
    preview = azure.preview()

    assert (list(preview.diffs), list(preview.marks), preview.changed) == ([], [], False)


def test_changed_account_is_shown_setting_by_setting_and_not_changed(azure: AzureAccount) -> None:
    azure.write()
    azure.server.asked.clear()
    live(azure).update(minimumTlsVersion="TLS1_0", allowBlobPublicAccess=True)
    rules = azure.server.resources["managementPolicies/default"]["properties"]["policy"]["rules"]
    rules[1]["definition"]["actions"]["baseBlob"]["tierToCool"]["daysAfterModificationGreaterThan"] = 90
    rules.reverse()
    del azure.server.resources["inventoryPolicies/default"]
    diffs = {diff.object: diff for diff in azure.preview().diffs}

    assert set(diffs) == {f"StorageAccount monitoring/{part}" for part in ("settings", "lifecycle", "inventory")}
    assert diffs["StorageAccount monitoring/settings"].component == "storage account oversightmonitoring"
    assert diffs["StorageAccount monitoring/settings"].lines == (
        "-settings.allowBlobPublicAccess: true",
        "+settings.allowBlobPublicAccess: false",
        "-settings.minimumTlsVersion: TLS1_0",
        "+settings.minimumTlsVersion: TLS1_2",
    )
    assert diffs["StorageAccount monitoring/lifecycle"].lines == tuple(
        f"{sign}lifecycle.main-application-chunks.definition.actions.baseBlob.tierToCool."
        f"daysAfterModificationGreaterThan: {days}"
        for sign, days in (("-", 90), ("+", 30))
    )
    assert "+inventory.destination: logops-results" in diffs["StorageAccount monitoring/inventory"].lines
    assert azure.server.changes == []


def test_plan_goes_stale_with_the_account(azure: AzureAccount) -> None:
    azure.write()
    live(azure)["minimumTlsVersion"] = "TLS1_0"
    before = azure.preview()
    live(azure)["minimumTlsVersion"] = "TLS1_1"

    assert azure.preview().base != before.base
    assert azure.preview().digest == before.digest


def test_new_account_is_one_change_with_its_cost(azure: AzureAccount) -> None:
    preview = azure.preview(LOCATION)

    (diff,) = preview.diffs
    assert (diff.object, diff.verb) == ("StorageAccount monitoring", "add")
    assert "+settings.sku: Standard_ZRS" in diff.lines
    assert marks(preview) == [
        ("storage-cost", "no", f"{ACCOUNT} is created in eastus2, Standard_ZRS."),
        ("storage-cost", "no", f"{ACCOUNT}: deleted blobs cost as before for 7 days."),
        (
            "storage-cost",
            "no",
            f"{ACCOUNT}: Azure charges a write for each blob that it moves to Cool: system-logs/logs/, "
            "loki-chunks/application/, loki-chunks/canary/, loki-chunks/platform/.",
        ),
        ("storage-cost", "no", f"{ACCOUNT}: Azure charges a write for each blob that it moves to Cold: "
         "system-logs/logs/."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            [(f"{A}.lifecycle", [{"name": "old", "container": "system-logs", "delete_after": 30}])],
            [
                (
                    "data-deleted",
                    "until accepted",
                    f"{ACCOUNT}: blobs below system-logs/ are deleted 30 days after their last change. Now not all "
                    "of them are.",
                )
            ],
        ),
        (
            [(f"{A}.lifecycle", [{"name": "old", "container": "loki-ruler", "delete_after": 30}])],
            [
                (
                    "data-deleted",
                    "until accepted",
                    f"{ACCOUNT}: blobs below loki-ruler/ are deleted 30 days after their last change. Now they are "
                    "kept.",
                )
            ],
        ),
        (
            [
                (
                    f"{A}.lifecycle",
                    [{"name": "logs", "container": "system-logs", "prefix": "logs/a", "delete_after": 30}],
                )
            ],
            [
                (
                    "data-deleted",
                    "until accepted",
                    f"{ACCOUNT}: blobs below system-logs/logs/a are deleted 30 days after their last change. Now it is "
                    "400 days.",
                )
            ],
        ),
        (
            [(f"{A}.soft_delete_days", 2)],
            [
                ("restore-shorter", "no", f"{ACCOUNT}: deleted {noun} can be restored for 2 days. Now it is 7 days.")
                for noun in ("blobs", "containers")
            ],
        ),
        (
            [(f"{A}.network", {"subnets": [SUBNET]})],
            [("storage-access", "no", f"{ACCOUNT}: only these may connect: {SUBNET}.")],
        ),
        (
            [(f"{A}.soft_delete_days", 30)],
            [("storage-cost", "no", f"{ACCOUNT}: deleted blobs cost as before for 30 days.")],
        ),
        (
            [(f"{A}.inventory", {"container": "logops-results", "rule": "audits"})],
            [("storage-cost", "no", f"{ACCOUNT}: Azure charges the inventory by the number of listed blobs.")],
        ),
        (
            [EVERYTHING[3]],
            [
                (
                    "storage-cost",
                    "no",
                    f"{ACCOUNT}: each read, write and delete becomes a record in the Log Analytics workspace, which "
                    "charges by size.",
                )
            ],
        ),
    ],
)
def test_consequence_is_marked(
    azure: AzureAccount, changes: list[tuple[str, Any]], expected: list[tuple[str, str, str]]
) -> None:
    azure.write(LOCATION)

    assert marks(azure.preview(LOCATION, *changes)) == expected


def test_narrower_and_wider_network_and_refused_keys_are_marked(azure: AzureAccount) -> None:
    azure.write()
    live(azure)["allowSharedKeyAccess"] = True
    keys = f"{ACCOUNT}: its keys are refused from then on. Whoever logs in with a key or a signature loses access."

    narrower = azure.preview(LOCATION, *EVERYTHING[3:], (f"{A}.network", {"subnets": [SUBNET]}))
    assert marks(narrower) == [
        ("storage-access", "no", keys),
        ("storage-access", "no", f"{ACCOUNT}: these may not connect any more: 203.0.113.0/24."),
    ]
    wider = azure.preview(LOCATION, *EVERYTHING[3:])
    assert marks(wider)[1:] == [
        (
            "storage-access",
            "no",
            f"{ACCOUNT}: every address may connect. Now only those in its network rules may.",
        )
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {"versions": False, "days": 7},
            {"versions": True, "days": 7},
            ("storage-cost", "earlier content of changed blobs is kept, and costs as much as the blobs."),
        ),
        (
            {"versions": True, "days": 7},
            {"versions": False, "days": 7},
            ("restore-shorter", "earlier content of changed blobs is not kept any more."),
        ),
        (
            {"versions": False, "days": 7},
            {"versions": False, "days": 0},
            ("restore-shorter", "deleted blobs can be restored not at all. Now it is 7 days."),
        ),
    ],
)
def test_versions_and_the_end_of_soft_delete_are_marked(
    azure: AzureAccount, before: dict[str, Any], after: dict[str, Any], expected: tuple[str, str]
) -> None:
    account, _ = azure.declared()
    difference = Difference("blob_service", blob_service(**before), blob_service(**after))
    (mark,) = consequences("StorageAccount monitoring", account, Comparison(True, (difference,)))

    assert (mark.cls.name, mark.message) == (expected[0], f"{ACCOUNT}: {expected[1]}")


def blob_service(*, versions: bool, days: int) -> dict[str, Any]:
    return {
        "isVersioningEnabled": versions,
        "deleteRetentionPolicy": {"enabled": True, "days": days} if days else {"enabled": False},
        "containerDeleteRetentionPolicy": {"enabled": False},
    }


def test_account_that_cannot_be_made_refuses_the_plan(azure: AzureAccount) -> None:
    assert marks(azure.preview((f"{A}.soft_delete_days", 7)))[0] == (
        "change-refused",
        "always",
        f"{ACCOUNT}: there is no such account in resource group monitoring. Create it, correct resource_id, or set "
        "location: then logops creates it.",
    )
    azure.server.taken_names.add("oversightmonitoring")
    assert marks(azure.preview(LOCATION))[0] == (
        "change-refused",
        "always",
        f"{ACCOUNT}: the name cannot be used: The storage account named oversightmonitoring is already taken. Choose "
        "another account_name.",
    )


def test_other_redundancy_refuses_the_plan(azure: AzureAccount) -> None:
    azure.write(LOCATION)

    assert marks(azure.preview(LOCATION, (f"{A}.redundancy", "GRS"))) == [
        (
            "change-refused",
            "always",
            f"{ACCOUNT}: it is Standard_ZRS, and the environment wants Standard_GRS. Azure converts accounts in days, "
            "not by an update: convert it first, or correct `redundancy`.",
        )
    ]


def test_account_that_cannot_be_read_is_unknown_and_refuses_the_plan(azure: AzureAccount) -> None:
    azure.refuse("GET", "", 403, "AuthorizationFailed")
    preview = azure.preview()

    assert preview.changed
    assert marks(preview) == [
        (
            "plan-unknown",
            "always",
            "reading storage account oversightmonitoring: Azure answered 403 AuthorizationFailed. It needs the role "
            "Reader on the container or the account.",
        )
    ]


def test_identity_without_role_refuses_the_plan(azure: AzureAccount) -> None:
    azure.write()
    azure.server.roles[PRINCIPAL] = [READER]
    (mark,) = azure.preview().marks

    assert (mark.cls.name, mark.refuses) == ("role-missing", "always")
    assert "`az role assignment create --assignee-object-id" in mark.message


def test_account_of_terraform_is_compared_and_never_written(azure: AzureAccount) -> None:
    azure.write()
    azure.server.asked.clear()
    terraform = (*EVERYTHING, (f"{A}.managed_by", "terraform"))
    assert marks(azure.preview(*terraform)) == []

    changed = (*terraform, (f"{A}.soft_delete_days", 30))
    assert marks(azure.preview(*changed))[0] == (
        "terraform-first",
        "always",
        f"{ACCOUNT}: Terraform manages it, and these differ: blob service.",
    )
    lines: list[str] = []
    azure.accounts(*changed).write(azure.files(*changed), lines.append)
    assert lines == ["storage account oversightmonitoring is compared only: Terraform writes it"]
    assert azure.server.changes == []


def test_files_of_an_earlier_version_compare_only_what_they_have(azure: AzureAccount) -> None:
    azure.write()
    live(azure)["minimumTlsVersion"] = "TLS1_0"
    earlier = Files({"storage/monitoring.yaml": "account: oversightmonitoring\ncontainers: [loki-chunks]\n"})

    assert list(azure.accounts().preview(earlier).diffs) == []
