"""The rendered state of storage accounts on Azure."""

from typing import Any

import pytest
from pydantic import ValidationError

from logops.clients.blob_storage import inventory
from logops.render.storage import azure_account_state
from tests.support.environments import environment


def state(account: str, *changes: tuple[str, Any]) -> dict[str, Any]:
    return azure_account_state(environment("production", *changes), account)


def test_account_takes_keys_only_if_something_logs_in_with_one() -> None:
    archive = {"storage_account": "monitoring", "container": "system-logs", "sas_token": {"env": "SAS"}}
    agent = {"kind": "fluent-bit", "sources": ["journal"], "archive": archive}

    assert state("security")["settings"]["allowSharedKeyAccess"] is True
    assert state("monitoring")["settings"]["allowSharedKeyAccess"] is False
    assert state("monitoring", ("agents.raw", agent))["settings"]["allowSharedKeyAccess"] is True


def test_account_with_a_network_is_closed_to_everybody_else() -> None:
    network = ("storage_accounts.monitoring.network", {"addresses": ["203.0.113.7"]})

    assert state("monitoring")["settings"]["networkAcls"]["defaultAction"] == "Allow"
    assert state("monitoring", network)["settings"]["networkAcls"] == {
        "defaultAction": "Deny",
        "bypass": "AzureServices",
        "virtualNetworkRules": [],
        "ipRules": ["203.0.113.7"],
    }


def test_redundancy_with_read_access_has_the_name_of_azure() -> None:
    assert (
        state("monitoring", ("storage_accounts.monitoring.redundancy", "RA-GZRS"))["settings"]["sku"]
        == "Standard_RAGZRS"
    )


def test_inventory_has_the_columns_that_an_audit_needs() -> None:
    declared = ("storage_accounts.monitoring.inventory", {"container": "logops-results", "rule": "audits"})
    definition = state("monitoring", declared)["inventory"]["definition"]

    assert {*inventory.NEEDED} <= {*definition["schemaFields"]}
    assert (definition["schedule"], definition["objectType"], definition["format"]) == ("Daily", "Blob", "Parquet")


def test_versions_in_an_account_with_chunks_are_refused() -> None:
    with pytest.raises(ValidationError, match="Azure would keep every chunk that Loki deletes"):
        environment("production", ("storage_accounts.monitoring.versioning", True))
