"""Which limit refused a line, by the reason that Loki counts (pkg/validation/validate.go). Pure."""

from collections.abc import Mapping

from logops.environment.cluster import Cluster
from logops.environment.limits import Limits

LIMITS_OF: Mapping[str, tuple[str, ...]] = {
    "rate_limited": ("ingestion_rate_mb", "ingestion_burst_size_mb"),
    "per_stream_rate_limit": ("per_stream_rate_limit", "per_stream_rate_limit_burst"),
    "stream_limit": ("max_global_streams_per_user",),
    "greater_than_max_sample_age": ("reject_old_samples_max_age",),
    "too_far_in_future": ("creation_grace_period",),
    "line_too_long": ("max_line_size",),
    "max_label_names_per_series": ("max_label_names_per_series",),
    "structured_metadata_too_large": ("max_structured_metadata_size",),
    "structured_metadata_too_many": ("max_structured_metadata_entries_count",),
    "disallowed_structured_metadata": ("allow_structured_metadata",),
}
"""Reason -> the limits that decide."""
RETRIED_BY_AGENTS = frozenset({"rate_limited", "per_stream_rate_limit", "stream_limit"})
"""Reasons that Loki answers with 429: agents send these lines again, and their other lines wait."""


def limits_text(reason: str, cluster: Cluster, tenant: str) -> str:
    """Return the limits that refuse a line for a reason, with their values; empty if no limit decides.

    tenant   its own limits come first, then those of the cluster, then Loki's defaults
    """
    if reason in ("too_far_behind", "out_of_order"):
        return f"half of ingester.max_chunk_age {cluster.ingester.max_chunk_age} behind the newest line of its stream"
    declared = cluster.tenants[tenant].limits if tenant in cluster.tenants else Limits()
    return ", ".join(
        f"{name} {_value(getattr(declared, name), getattr(cluster.limits, name))}" for name in LIMITS_OF.get(reason, ())
    )


def _value(of_tenant: object, of_cluster: object) -> str:
    value = of_cluster if of_tenant is None else of_tenant
    match value:
        case None:
            return "is Loki's default"
        case float():
            return f"is {value:g}"
        case _:
            return f"is {value}"
