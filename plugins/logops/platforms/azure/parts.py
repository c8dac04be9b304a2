"""The parts of a storage account: how each is read in the shape of its rendered state, and written.

Source: learn.microsoft.com/rest/api/storagerp, and rest/api/monitor/diagnostic-settings.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from logops.clients.blob_storage.azure_errors import translated
from logops.environment.storage import StorageAccount
from logops.platforms.azure.management import Managed, found

_DIAGNOSTICS = "blobServices/default/providers/Microsoft.Insights/diagnosticSettings/logops"
_DIAGNOSTICS_API = "2021-05-01-preview"
_DIAGNOSTICS_ROLE = "Monitoring Contributor"
_CATEGORIES = ("StorageRead", "StorageWrite", "StorageDelete")
_DEFAULT = "default"
"""The only name that Azure allows for the policies of an account."""


@dataclass(frozen=True)
class Part:
    """A part of an account."""

    read: Callable[[Managed, Any], Any]
    """Return the live value, without what the wanted value does not name."""
    write: Callable[[Managed, StorageAccount, Any], None]


def exists(azure: Managed) -> bool:
    """Return whether there is such an account."""
    return found(lambda: azure.client.storage_accounts.get_properties(azure.group, azure.name)) is not None


def _read_settings(azure: Managed, wanted: Mapping[str, Any]) -> dict[str, Any]:
    account = azure.client.storage_accounts.get_properties(azure.group, azure.name).as_dict()
    live = account["properties"]
    network = live.get("networkAcls") or {}
    # Azure may write the id of a subnet in other letters.
    declared = {subnet.lower(): subnet for subnet in wanted["networkAcls"]["virtualNetworkRules"]}
    subnets = (rule["id"] for rule in network.get("virtualNetworkRules") or ())
    return {
        **{key: live.get(key) for key in wanted},
        "sku": account["sku"]["name"],
        "networkAcls": {
            "defaultAction": network.get("defaultAction"),
            "bypass": network.get("bypass"),
            "virtualNetworkRules": sorted(declared.get(subnet.lower(), subnet) for subnet in subnets),
            "ipRules": sorted(rule["value"] for rule in network.get("ipRules") or ()),
        },
    }


def _write_settings(azure: Managed, account: StorageAccount, wanted: Mapping[str, Any]) -> None:
    network = wanted["networkAcls"]
    properties = {
        **{key: value for key, value in wanted.items() if key != "sku"},
        "networkAcls": {
            **network,
            "virtualNetworkRules": [{"id": subnet, "action": "Allow"} for subnet in network["virtualNetworkRules"]],
            "ipRules": [{"value": address, "action": "Allow"} for address in network["ipRules"]],
        },
    }
    accounts = azure.client.storage_accounts
    if exists(azure):
        accounts.update(azure.group, azure.name, {"properties": properties})
    else:
        new = {"sku": {"name": wanted["sku"]}, "kind": "StorageV2", "location": account.location}
        accounts.begin_create(azure.group, azure.name, {**new, "properties": properties}).result()


def _read_blob_service(azure: Managed, wanted: Mapping[str, Any]) -> Any:
    return _only(wanted, _blob_service(azure))


def _write_blob_service(azure: Managed, _: StorageAccount, wanted: Mapping[str, Any]) -> None:
    # The request replaces everything, also what is not ours.
    properties = {**_blob_service(azure), **wanted}
    azure.client.blob_services.set_service_properties(azure.group, azure.name, {"properties": properties})


def _blob_service(azure: Managed) -> dict[str, Any]:
    answer = azure.client.blob_services.get_service_properties(azure.group, azure.name)
    live = dict(answer.as_dict().get("properties") or {})
    for policy in ("deleteRetentionPolicy", "containerDeleteRetentionPolicy"):
        live.setdefault(policy, {"enabled": False})
    live.setdefault("isVersioningEnabled", False)
    return live


def _read_containers(azure: Managed, wanted: list[str]) -> list[str]:
    existing = {container.name for container in azure.client.blob_containers.list(azure.group, azure.name)}
    return [name for name in wanted if name in existing]


def _write_containers(azure: Managed, _: StorageAccount, wanted: list[str]) -> None:
    for name in {*wanted} - {*_read_containers(azure, wanted)}:
        azure.client.blob_containers.create(azure.group, azure.name, name, {})


def _read_lifecycle(azure: Managed, wanted: Mapping[str, Any]) -> dict[str, Any]:
    policy = found(lambda: azure.client.management_policies.get(azure.group, azure.name, _DEFAULT))
    rules = policy["properties"]["policy"]["rules"] if policy else []
    place = {rule["name"]: number for number, rule in enumerate(wanted["rules"])}
    # The order of the rules has no meaning.
    return {"rules": sorted(rules, key=lambda rule: (place.get(rule["name"], len(place)), rule["name"]))}


def _write_lifecycle(azure: Managed, _: StorageAccount, wanted: Mapping[str, Any]) -> None:
    policies = azure.client.management_policies
    if wanted["rules"]:
        policies.create_or_update(azure.group, azure.name, _DEFAULT, {"properties": {"policy": dict(wanted)}})
    else:
        policies.delete(azure.group, azure.name, _DEFAULT)


def _read_inventory(azure: Managed, wanted: Mapping[str, Any] | None) -> Any:
    if wanted is None:
        return None
    rules = {rule["name"]: rule for rule in _inventory_rules(azure)}
    return _only(wanted, rules.get(wanted["name"]))


def _write_inventory(azure: Managed, _: StorageAccount, wanted: Mapping[str, Any]) -> None:
    others = [rule for rule in _inventory_rules(azure) if rule["name"] != wanted["name"]]
    policy = {"enabled": True, "type": "Inventory", "rules": [*others, dict(wanted)]}
    azure.client.blob_inventory_policies.create_or_update(
        azure.group, azure.name, _DEFAULT, {"properties": {"policy": policy}}
    )


def _inventory_rules(azure: Managed) -> list[dict[str, Any]]:
    policy = found(lambda: azure.client.blob_inventory_policies.get(azure.group, azure.name, _DEFAULT))
    return list(policy["properties"]["policy"]["rules"]) if policy else []


def _read_diagnostics(azure: Managed, _: str | None) -> str | None:
    setting = found(lambda: azure.send("GET", _DIAGNOSTICS, _DIAGNOSTICS_API))
    if setting is None:
        return None
    enabled = {log.get("category") for log in setting["properties"].get("logs", ()) if log.get("enabled")}
    missing = [category for category in _CATEGORIES if category not in enabled]
    workspace = str(setting["properties"].get("workspaceId"))
    return f"{workspace} without {', '.join(missing)}" if missing else workspace


def _write_diagnostics(azure: Managed, _: StorageAccount, wanted: str | None) -> None:
    with translated(azure.doing, _DIAGNOSTICS_ROLE):
        if wanted is None:
            azure.send("DELETE", _DIAGNOSTICS, _DIAGNOSTICS_API)
            return
        logs = [{"category": category, "enabled": True} for category in _CATEGORIES]
        body = {"properties": {"workspaceId": wanted, "logs": logs}}
        azure.send("PUT", _DIAGNOSTICS, _DIAGNOSTICS_API, body=body)


def _only(wanted: Any, live: Any) -> Any:
    """Return a live value without the keys that the wanted value does not have: Azure adds its own."""
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        return {key: _only(wanted[key], value) for key, value in live.items() if key in wanted}
    return live


PARTS: Mapping[str, Part] = {
    "settings": Part(_read_settings, _write_settings),
    "blob_service": Part(_read_blob_service, _write_blob_service),
    "containers": Part(_read_containers, _write_containers),
    "lifecycle": Part(_read_lifecycle, _write_lifecycle),
    "inventory": Part(_read_inventory, _write_inventory),
    "diagnostics": Part(_read_diagnostics, _write_diagnostics),
}
"""By key of the rendered state, in the order in which they are written: the account comes first."""
