"""Loki's limits, typed. Field names are Loki's keys under `limits_config` and `overrides`.

A mistyped limit is an error before anything is deployed. With a mistyped limit in limits_config, Loki 3.7 does not
start. With one in the overrides, a running Loki ignores all overrides (pkg/loki/runtime_config.go). Other versions
ignore only the key.
"""

from typing import Annotated, Literal

from pydantic import Field

from logops.environment.base import Model
from logops.environment.units import Duration, Size

Count = Annotated[int, Field(ge=0)]
MB = Annotated[float, Field(gt=0)]
"""Megabytes of 2^20 bytes, as Loki counts them."""


class Limits(Model):
    """Limits of a cluster or of one tenant. A limit that is not set is inherited: tenant, cluster, Loki's default."""

    ingestion_rate_mb: MB | None = None
    ingestion_burst_size_mb: MB | None = None
    per_stream_rate_limit: Size | None = None
    per_stream_rate_limit_burst: Size | None = None
    max_global_streams_per_user: Count | None = None
    max_line_size: Size | None = None
    max_line_size_truncate: bool | None = None
    max_label_names_per_series: Count | None = None
    max_structured_metadata_size: Size | None = None
    max_structured_metadata_entries_count: Count | None = None
    reject_old_samples: bool | None = None
    reject_old_samples_max_age: Duration | None = None
    creation_grace_period: Duration | None = None
    max_query_parallelism: Count | None = None
    tsdb_max_query_parallelism: Count | None = None
    tsdb_sharding_strategy: Literal["power_of_two", "bounded"] | None = None
    tsdb_max_bytes_per_shard: Size | None = None
    max_query_series: Count | None = None
    max_query_length: Duration | None = None
    max_query_lookback: Duration | None = None
    max_query_bytes_read: Size | None = None
    max_querier_bytes_read: Size | None = None
    max_entries_limit_per_query: Count | None = None
    max_cache_freshness_per_query: Duration | None = None
    max_concurrent_tail_requests: Count | None = None
    max_queriers_per_tenant: Count | None = None
    query_timeout: Duration | None = None
    split_queries_by_interval: Duration | None = None
    cardinality_limit: Count | None = None
    volume_enabled: bool | None = None
    discover_service_name: tuple[str, ...] | None = None
    discover_log_levels: bool | None = None
    allow_structured_metadata: bool | None = None
    deletion_mode: Literal["disabled", "filter-only", "filter-and-delete"] | None = None
    ruler_max_rules_per_rule_group: Count | None = None
    ruler_max_rule_groups_per_tenant: Count | None = None
