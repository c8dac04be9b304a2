"""Render the desired state of a storage account."""

from typing import Any

from logops.environment.model import Environment
from logops.render.storage.lifecycle import lifecycle_policy


def account_state(environment: Environment, name: str) -> dict[str, Any]:
    """Return the desired state of an account: `{account, containers, lifecycle}`."""
    account = environment.storage_accounts[name]
    return {
        "account": account.account_name,
        "containers": sorted(account.containers),
        "lifecycle": lifecycle_policy(environment, name),
    }
