"""The parts that one document can add to a deployment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from logops.doctor.deployment import Agent, Cluster, Expression, LifecycleRule, Location, UnreadablePart
from logops.doctor.untyped import as_mapping


@dataclass(frozen=True, slots=True)
class RuntimeOverrides:
    """Limits of tenants, from a runtime configuration file."""

    location: Location
    tenants: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Workload:
    """A Kubernetes object that runs Loki."""

    location: Location
    expands_variables: bool
    """Whether a container has the argument -config.expand-env."""


DocumentPart = Cluster | Agent | LifecycleRule | RuntimeOverrides | Workload | Expression | UnreadablePart


def tenant_limits(value: Any) -> dict[str, Mapping[str, Any]]:
    """Return `{TENANT: limits}` from an `overrides` block."""
    return {str(tenant): as_mapping(limits) for tenant, limits in as_mapping(value).items()}
