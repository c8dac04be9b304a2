"""Laws of storage accounts: Terraform makes of an account what logops writes and compares, setting by setting."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from logops.environment import Environment
from logops.environment.storage import StorageAccount
from logops.render.storage import azure_account_state
from logops.render.storage.terraform import terraform_texts
from tests.support.environments import environment
from tests.support.terraform_module import resources

SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/monitoring/providers"
CONTAINERS = ["logops-results", "loki-chunks", "loki-ruler", "system-logs"]
subnets = st.integers(1, 9).map(lambda n: f"{SUBSCRIPTION}/Microsoft.Network/virtualNetworks/aks/subnets/s{n}")
addresses = st.integers(1, 254).map(lambda n: f"203.0.113.{n}")
ages = st.none() | st.integers(0, 99_999)


@st.composite
def rules(draw: st.DrawFn) -> list[dict[str, Any]]:
    return [
        {
            "name": f"rule-{number}",
            "container": draw(st.sampled_from(CONTAINERS[3:])),
            "prefix": draw(st.sampled_from(["", "logs/", "a/b"])) + (f"{number}/" if draw(st.booleans()) else ""),
            "cool_after": draw(ages),
            "cold_after": draw(ages),
            "archive_after": draw(ages),
            "delete_after": draw(st.integers(0, 99_999)),
        }
        for number in range(draw(st.integers(0, 4)))
    ]


@st.composite
def accounts(draw: st.DrawFn) -> dict[str, Any]:
    """Return the keys of an account that Terraform manages."""
    with_key = draw(st.booleans())
    return {
        "managed_by": "terraform",
        "location": draw(st.sampled_from(["eastus2", "westeurope"])),
        "redundancy": draw(st.sampled_from(["LRS", "ZRS", "GRS", "GZRS", "RA-GRS", "RA-GZRS"])),
        "account_key": {"env": "KEY"} if with_key else None,
        "workload_identity_client_id": None if with_key else "an id",
        "principal_id": draw(st.none() | st.just("11111111-2222-3333-4444-555555555555")),
        "soft_delete_days": draw(st.none() | st.integers(1, 365)),
        "versioning": draw(st.booleans()),
        "network": draw(
            st.none()
            | st.fixed_dictionaries(
                {
                    "subnets": st.lists(subnets, unique=True, max_size=3),
                    "addresses": st.lists(addresses, unique=True, max_size=3),
                }
            )
        ),
        "lifecycle": draw(rules()),
        "inventory": draw(
            st.none() | st.fixed_dictionaries({"container": st.just(CONTAINERS[0]), "rule": st.just("x")})
        ),
        "diagnostics": draw(st.none() | st.just(f"{SUBSCRIPTION}/Microsoft.OperationalInsights/workspaces/logs")),
    }


def declared(account: dict[str, Any]) -> Environment:
    production = environment("production")
    known = production.storage_accounts["monitoring"].model_dump()
    monitoring = StorageAccount.model_validate_json(json.dumps({**known, **account}))
    return production.model_copy(update={"storage_accounts": {"monitoring": monitoring}})


def made_by_terraform(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the state of the account after an apply, in the words of Azure's management API."""
    made = resources(arguments)
    (account,) = made["azurerm_storage_account"]
    (blobs,) = account["blob_properties"]
    (network,) = account["network_rules"] or [{"default_action": "Allow", "bypass": ["AzureServices"]}]
    policies = made["azurerm_storage_management_policy"]
    inventories = made["azurerm_storage_blob_inventory_policy"]
    diagnostics = made["azurerm_monitor_diagnostic_setting"]
    return {
        "account": account["name"],
        "containers": [container["name"] for container in made["azurerm_storage_container"]],
        "lifecycle": {"rules": [lifecycle_rule(rule) for policy in policies for rule in policy["rule"]]},
        "settings": {
            "sku": f"{account['account_tier']}_{account['account_replication_type']}",
            "minimumTlsVersion": account["min_tls_version"],
            "supportsHttpsTrafficOnly": account["https_traffic_only_enabled"],
            "allowBlobPublicAccess": account["allow_nested_items_to_be_public"],
            "allowSharedKeyAccess": account["shared_access_key_enabled"],
            "networkAcls": {
                "defaultAction": network["default_action"],
                "bypass": ", ".join(network["bypass"]),
                "virtualNetworkRules": sorted(network.get("virtual_network_subnet_ids", [])),
                "ipRules": sorted(network.get("ip_rules", [])),
            },
        },
        "blob_service": {
            "deleteRetentionPolicy": kept(blobs["delete_retention_policy"]),
            "containerDeleteRetentionPolicy": kept(blobs["container_delete_retention_policy"]),
            "isVersioningEnabled": blobs["versioning_enabled"],
        },
        "inventory": inventory_rule(inventories[0]["rules"][0]) if inventories else None,
        "diagnostics": diagnostics[0]["log_analytics_workspace_id"] if diagnostics else None,
    }


def kept(policies: list[dict[str, Any]]) -> dict[str, Any]:
    return {"enabled": True, "days": policies[0]["days"]} if policies else {"enabled": False}


def lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    (filters,), (actions,) = rule["filters"], rule["actions"]
    (blob,) = actions["base_blob"]
    names = {
        "tierToCool": "tier_to_cool_after_days_since_modification_greater_than",
        "tierToCold": "tier_to_cold_after_days_since_modification_greater_than",
        "tierToArchive": "tier_to_archive_after_days_since_modification_greater_than",
        "delete": "delete_after_days_since_modification_greater_than",
    }
    return {
        "enabled": rule["enabled"],
        "name": rule["name"],
        "type": "Lifecycle",
        "definition": {
            "filters": {"blobTypes": filters["blob_types"], "prefixMatch": filters["prefix_match"]},
            "actions": {
                "baseBlob": {
                    action: {"daysAfterModificationGreaterThan": blob[name]}
                    for action, name in names.items()
                    if blob[name] is not None
                }
            },
        },
    }


def inventory_rule(rule: dict[str, Any]) -> dict[str, Any]:
    return {
        "enabled": True,
        "name": rule["name"],
        "destination": rule["storage_container_name"],
        "definition": {
            "format": rule["format"],
            "schedule": rule["schedule"],
            "objectType": rule["scope"],
            "schemaFields": rule["schema_fields"],
            "filters": {"blobTypes": rule["filter"][0]["blob_types"]},
        },
    }


@given(accounts())
def test_terraform_makes_the_account_that_logops_compares_with(account: dict[str, Any]) -> None:
    wanted = declared(account)
    root = json.loads(terraform_texts(wanted, "")["storage/terraform/main.tf.json"])
    arguments = root["module"]["monitoring"]
    made = resources(arguments)

    assert made_by_terraform(arguments) == azure_account_state(wanted, "monitoring")
    (created,) = made["azurerm_storage_account"]
    assert (created["location"], created["resource_group_name"]) == (account["location"], "monitoring")
    assert [role["principal_id"] for role in made["azurerm_role_assignment"]] == [
        each for each in [account["principal_id"]] if each
    ]
