"""Render the files that are the same on every platform, except for the addresses in them."""

from collections.abc import Callable
from typing import Any

from logops.environment.model import Environment
from logops.render.addresses import Addresses
from logops.render.files import to_yaml
from logops.render.loki import loki_config
from logops.render.overrides import overrides
from logops.render.storage import account_state


def storage_texts(
    environment: Environment, state_of: Callable[[Environment, str], dict[str, Any]] = account_state
) -> dict[str, str]:
    """Return a file for each storage account.

    state_of   returns the state of an account. Default: its containers and its lifecycle policy
    """
    return {
        f"storage/{name}.yaml": to_yaml(environment.name, state_of(environment, name))
        for name in environment.storage_accounts
    }


def loki_texts(environment: Environment, addresses_of: Callable[[str], Addresses]) -> dict[str, str]:
    """Return each cluster's Loki configuration.

    addresses_of   returns the addresses of a cluster's processes
    """
    return {
        f"loki/{name}.yaml": to_yaml(
            environment.name, loki_config(cluster, addresses_of(name), f"{environment.name}-{name}")
        )
        for name, cluster in environment.clusters.items()
    }


def tenant_texts(environment: Environment) -> dict[str, str]:
    """Return each cluster's overrides: the limits and the retention of its tenants."""
    return {
        f"tenants/{name}.yaml": to_yaml(environment.name, overrides(cluster))
        for name, cluster in environment.clusters.items()
    }
