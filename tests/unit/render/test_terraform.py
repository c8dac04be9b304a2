"""Storage accounts as Terraform: the module of include/terraform, and the root module that logops renders for it."""

import json
from collections.abc import Iterator
from typing import Any

import hcl2
import pytest
from pydantic import ValidationError

from logops.render.storage import azure_account_state, lifecycle_policy
from tests.support.environments import TERRAFORM_MODULE, environment, rendered_on_kubernetes

TERRAFORM = (
    ("storage_accounts.monitoring.managed_by", "terraform"),
    ("storage_accounts.monitoring.location", "eastus2"),
    ("storage_accounts.monitoring.network", {"addresses": ["203.0.113.7"]}),
    ("storage_accounts.monitoring.inventory", {"container": "logops-results", "rule": "audits"}),
)
REQUIRED, OPTIONAL = True, False
ARGUMENTS: dict[str, dict[str, bool]] = {
    "azurerm_storage_account": {
        "name": REQUIRED,
        "resource_group_name": REQUIRED,
        "location": REQUIRED,
        "account_tier": REQUIRED,
        "account_replication_type": REQUIRED,
        "account_kind": OPTIONAL,
        "min_tls_version": OPTIONAL,
        "https_traffic_only_enabled": OPTIONAL,
        "allow_nested_items_to_be_public": OPTIONAL,
        "shared_access_key_enabled": OPTIONAL,
        "blob_properties.versioning_enabled": OPTIONAL,
        "blob_properties.delete_retention_policy.days": OPTIONAL,
        "blob_properties.container_delete_retention_policy.days": OPTIONAL,
        "network_rules.default_action": REQUIRED,
        "network_rules.bypass": OPTIONAL,
        "network_rules.ip_rules": OPTIONAL,
        "network_rules.virtual_network_subnet_ids": OPTIONAL,
    },
    "azurerm_storage_container": {
        "name": REQUIRED,
        "storage_account_id": OPTIONAL,
        "container_access_type": OPTIONAL,
    },
    "azurerm_storage_management_policy": {
        "storage_account_id": REQUIRED,
        "rule.name": REQUIRED,
        "rule.enabled": REQUIRED,
        "rule.filters.blob_types": REQUIRED,
        "rule.filters.prefix_match": OPTIONAL,
        "rule.actions.base_blob.tier_to_cool_after_days_since_modification_greater_than": OPTIONAL,
        "rule.actions.base_blob.tier_to_cold_after_days_since_modification_greater_than": OPTIONAL,
        "rule.actions.base_blob.tier_to_archive_after_days_since_modification_greater_than": OPTIONAL,
        "rule.actions.base_blob.delete_after_days_since_modification_greater_than": OPTIONAL,
    },
    "azurerm_storage_blob_inventory_policy": {
        "storage_account_id": REQUIRED,
        "rules.name": REQUIRED,
        "rules.storage_container_name": REQUIRED,
        "rules.format": REQUIRED,
        "rules.schedule": REQUIRED,
        "rules.scope": REQUIRED,
        "rules.schema_fields": REQUIRED,
        "rules.filter.blob_types": REQUIRED,
    },
    "azurerm_monitor_diagnostic_setting": {
        "name": REQUIRED,
        "target_resource_id": REQUIRED,
        "log_analytics_workspace_id": OPTIONAL,
        "enabled_log.category": OPTIONAL,
    },
    "azurerm_role_assignment": {
        "scope": REQUIRED,
        "principal_id": REQUIRED,
        "role_definition_name": OPTIONAL,
        "principal_type": OPTIONAL,
    },
}
"""The documented arguments that the module uses, with blocks before their arguments, and all required ones.

Source: registry.terraform.io/providers/hashicorp/azurerm, version 4.
"""
META = {"for_each", "count", "lifecycle"}
"""Terraform's own arguments of every resource."""


def unquoted(text: str) -> str:
    return text.strip('"')


def arguments(body: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the arguments of a block, with the blocks around them."""
    for key, value in body.items():
        if key.startswith("__") or (not prefix and key in META):
            continue
        if key == "dynamic":
            for block in value:
                for name, dynamic in block.items():
                    if not name.startswith("__"):
                        yield from arguments(dynamic["content"][0], f"{prefix}{unquoted(name)}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for block in value:
                yield from arguments(block, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


MODULE = hcl2.loads(TERRAFORM_MODULE)
RESOURCES = {
    unquoted(kind): next(iter(named.values())) for resource in MODULE["resource"] for kind, named in resource.items()
}
VARIABLES = {unquoted(name) for variable in MODULE["variable"] for name in variable}


def rendered(*changes: tuple[str, Any]) -> dict[str, Any]:
    files = rendered_on_kubernetes(environment("production", *TERRAFORM, *changes))["storage"]
    assert files["storage/terraform/storage-account/main.tf"] == TERRAFORM_MODULE
    return dict(json.loads(files["storage/terraform/main.tf.json"])["module"])


def test_module_has_every_resource_of_the_table() -> None:
    assert RESOURCES.keys() == ARGUMENTS.keys()


@pytest.mark.parametrize("resource", ARGUMENTS)
def test_module_uses_documented_arguments_and_all_required_ones(resource: str) -> None:
    used = {*arguments(RESOURCES[resource])}

    assert used - ARGUMENTS[resource].keys() == set()
    assert {name for name, is_required in ARGUMENTS[resource].items() if is_required} - used == set()


def test_module_sets_the_values_that_logops_compares_with() -> None:
    settings = azure_account_state(environment("production"), "monitoring")["settings"]
    account = RESOURCES["azurerm_storage_account"]

    assert unquoted(account["min_tls_version"]) == settings["minimumTlsVersion"]
    assert account["https_traffic_only_enabled"] is settings["supportsHttpsTrafficOnly"] is True
    assert account["allow_nested_items_to_be_public"] is settings["allowBlobPublicAccess"] is False


def test_account_and_containers_cannot_be_destroyed() -> None:
    for resource in ("azurerm_storage_account", "azurerm_storage_container"):
        assert RESOURCES[resource]["lifecycle"][0]["prevent_destroy"] is True


def test_root_module_gives_every_variable_of_the_module() -> None:
    assert rendered()["monitoring"].keys() - {"source"} == VARIABLES


def test_root_module_has_the_accounts_that_terraform_manages_only() -> None:
    assert [*rendered()] == ["monitoring"]
    assert not [name for name in rendered_on_kubernetes(environment("production"))["storage"] if "terraform" in name]


def test_values_are_those_of_the_environment() -> None:
    account = rendered()["monitoring"]

    assert (account["name"], account["resource_group_name"], account["replication"]) == (
        "oversightmonitoring", "monitoring", "ZRS",
    )  # fmt: skip
    assert account["network"] == {"subnets": [], "addresses": ["203.0.113.7"]}
    assert account["inventory"]["container"] in account["containers"]


def test_lifecycle_rules_are_those_of_the_policy() -> None:
    ages = {"tierToCool": "cool_after", "tierToCold": "cold_after", "delete": "delete_after"}
    policy = [
        {
            "name": rule["name"],
            "prefixes": rule["definition"]["filters"]["prefixMatch"],
            **{
                ages[action]: when["daysAfterModificationGreaterThan"]
                for action, when in rule["definition"]["actions"]["baseBlob"].items()
            },
        }
        for rule in lifecycle_policy(environment("production"), "monitoring")["rules"]
    ]

    assert rendered()["monitoring"]["lifecycle_rules"] == policy


def test_text_like_a_template_reaches_azure_as_it_is_declared() -> None:
    rule = {"name": "x", "container": "system-logs", "prefix": "${day}/", "delete_after": 1}
    rules = rendered(("storage_accounts.monitoring.lifecycle", [rule]))["monitoring"]["lifecycle_rules"]

    assert rules[0]["prefixes"] == ["system-logs/$${day}/"]


def test_account_of_terraform_without_location_is_refused() -> None:
    with pytest.raises(ValidationError, match="Terraform needs resource_id and location"):
        environment("production", TERRAFORM[0])
