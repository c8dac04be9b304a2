"""What one document adds to a deployment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from logops.doctor.deployment import Agent, Cluster, LifecycleRule, Place, Unread


@dataclass(frozen=True, slots=True)
class RuntimeOverrides:
    """Limits by tenant from a runtime configuration file."""

    place: Place
    tenants: Mapping[str, Mapping[str, Any]]


Part = Cluster | Agent | LifecycleRule | RuntimeOverrides | Unread


def mapping(value: Any) -> Mapping[str, Any]:
    """A mapping as it is; empty in place of anything else."""
    return value if isinstance(value, Mapping) else {}


def elements(value: Any) -> list[Any]:
    """A list as it is; empty in place of anything else."""
    return value if isinstance(value, list) else []


def tenant_limits(value: Any) -> dict[str, Mapping[str, Any]]:
    """`{TENANT: limits}` from an `overrides` block."""
    return {str(tenant): mapping(limits) for tenant, limits in mapping(value).items()}
