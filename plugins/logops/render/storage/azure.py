"""Render the desired state of a storage account on Azure, in the words of Azure's management API.

Source: learn.microsoft.com/rest/api/storagerp, storage-accounts, blob-services and blob-inventory-policies.
"""

from typing import Any

from logops.environment.model import Environment
from logops.environment.storage import Inventory, StorageAccount
from logops.render.storage.account import account_state

_SCHEMA = ("Name", "Creation-Time", "Last-Modified", "Content-Length", "AccessTier", "AccessTierChangeTime", "BlobType")
"""Columns of the inventory: those that the audits read, and the type, by which the rule filters."""


def azure_account_state(environment: Environment, name: str) -> dict[str, Any]:
    """Return what an account contains, and its settings: each key is written and compared alone."""
    account = environment.storage_accounts[name]
    return {
        **account_state(environment, name),
        "settings": _settings(account, takes_keys=_takes_keys(environment, name)),
        "blob_service": {
            "deleteRetentionPolicy": _kept(account.soft_delete_days),
            "containerDeleteRetentionPolicy": _kept(account.soft_delete_days),
            "isVersioningEnabled": account.versioning,
        },
        "inventory": _inventory_rule(account.inventory) if account.inventory else None,
        "diagnostics": account.diagnostics,
    }


def _takes_keys(environment: Environment, name: str) -> bool:
    """Return whether something logs in to an account with its key, or with a signature that a key made."""
    archives = (agent.archive for agent in environment.agents.values() if agent.archive)
    signed = any(archive.storage_account == name and archive.sas_token for archive in archives)
    return signed or environment.storage_accounts[name].account_key is not None


def _settings(account: StorageAccount, *, takes_keys: bool) -> dict[str, Any]:
    network = account.network
    return {
        "sku": "Standard_" + account.redundancy.replace("-", ""),
        "minimumTlsVersion": "TLS1_2",
        "supportsHttpsTrafficOnly": True,
        "allowBlobPublicAccess": False,
        # Whoever has a key may do everything. Without one in use, only identities with a role may.
        "allowSharedKeyAccess": takes_keys,
        "networkAcls": {
            "defaultAction": "Deny" if network else "Allow",
            "bypass": "AzureServices",
            "virtualNetworkRules": sorted(network.subnets) if network else [],
            "ipRules": sorted(network.addresses) if network else [],
        },
    }


def _kept(days: int | None) -> dict[str, Any]:
    return {"enabled": True, "days": days} if days else {"enabled": False}


def _inventory_rule(inventory: Inventory) -> dict[str, Any]:
    return {
        "enabled": True,
        "name": inventory.rule,
        "destination": inventory.container,
        "definition": {
            "format": "Parquet",
            "schedule": "Daily",
            "objectType": "Blob",
            "schemaFields": list(_SCHEMA),
            "filters": {"blobTypes": ["blockBlob", "appendBlob"]},
        },
    }
