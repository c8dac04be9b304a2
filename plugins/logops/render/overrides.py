"""Render limits: the cluster's `limits_config` and the tenants' runtime overrides."""

from typing import Any

from logops.environment.cluster import Cluster
from logops.environment.limits import Limits
from logops.environment.retention import Retention
from logops.environment.units import Duration, Size

NO_OVERRIDES = "overrides: {}\n"
"""The tenants file before the stage `tenants` is applied: Loki does not start without this file."""


def cluster_limits(cluster: Cluster) -> dict[str, Any]:
    """Return `limits_config` of a cluster. The promised retention is the default, so no tenant keeps logs forever."""
    return {**loki_limits(cluster.limits), "retention_period": cluster.keep_at_least.go}


def overrides(cluster: Cluster) -> dict[str, Any]:
    """Return the runtime configuration: `{overrides: {TENANT: limits}}` (pkg/runtime/config.go)."""
    return {
        "overrides": {
            name: {**loki_limits(tenant.limits), **_retention(tenant.retention)}
            for name, tenant in cluster.tenants.items()
        }
    }


def loki_limits(limits: Limits) -> dict[str, Any]:
    """Return the limits that are set, as values of Loki's configuration."""
    declared = {name: getattr(limits, name) for name in Limits.model_fields}
    return {name: _loki_value(value) for name, value in declared.items() if value is not None}


def _retention(retention: Retention) -> dict[str, Any]:
    rules: dict[str, Any] = {"retention_period": retention.keep.go}
    if retention.streams:
        rules["retention_stream"] = [
            {"selector": rule.selector, "priority": rule.priority, "period": rule.keep.go} for rule in retention.streams
        ]
    return rules


def _loki_value(value: object) -> object:
    match value:
        case Duration():
            return value.go
        case Size():
            # flagext.ByteSize parses a number without a unit as bytes.
            return value.value
        case tuple():
            return list(value)
        case _:
            return value
