"""List the keys that Loki 3 has removed or deprecated, and what to write instead.

Sources: tools/deprecated-config-checker and docs/sources/setup/upgrade of Loki 3.7.8. `*` matches any path above.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class RetiredKey:
    """A removed or deprecated key: what to do now, and its replacement if there is one."""

    advice: str
    replacement: str = ""


_EMBEDDED = "Use embedded_cache: enabled, max_size_mb, ttl (max_size_items limits the entries)."
_INDEX_STORE = "The index is stored in the period's object_store."
_INDEX_PREFIX = "Write path_prefix under the period's index. The default is still index/."
_BLOOMS = "bloom_build replaces the bloom compactor."
_SSE = "S3 always encrypts; sse.type selects the method."
_CONCURRENCY = "The limit of the queriers applies."
_RULER_WRITE = "One map of clients replaces these keys."
_OLD_INDEX = "Use tsdb. Loki also supports boltdb-shipper until the next major version."

REMOVED: dict[str, RetiredKey] = {
    "ingester.max_transfer_retries": RetiredKey("The write-ahead log replaces it.", "ingester.wal.enabled"),
    "querier.engine.timeout": RetiredKey("A query has one timeout now.", "limits_config.query_timeout"),
    "querier.query_timeout": RetiredKey("The timeout is a limit now.", "limits_config.query_timeout"),
    "query_range.split_queries_by_interval": RetiredKey("A limit now.", "limits_config.split_queries_by_interval"),
    "query_range.forward_headers_list": RetiredKey("It has no replacement."),
    "frontend_worker.parallelism": RetiredKey(_CONCURRENCY, "querier.max_concurrent"),
    "frontend_worker.match_max_concurrent": RetiredKey(_CONCURRENCY, "querier.max_concurrent"),
    "common.storage.s3.sse_encryption": RetiredKey(_SSE, "common.storage.s3.sse.type"),
    "common.storage.filesystem.admin_api_directory": RetiredKey("It has no replacement."),
    "ruler.storage.s3.sse_encryption": RetiredKey(_SSE, "ruler.storage.s3.sse.type"),
    "storage_config.aws.sse_encryption": RetiredKey(_SSE, "storage_config.aws.sse.type"),
    "storage_config.boltdb_shipper.shared_store": RetiredKey(_INDEX_STORE, "schema_config.configs.object_store"),
    "storage_config.tsdb_shipper.shared_store": RetiredKey(_INDEX_STORE, "schema_config.configs.object_store"),
    "storage_config.boltdb_shipper.shared_store_key_prefix": RetiredKey(
        _INDEX_PREFIX, "schema_config.configs.index.path_prefix"
    ),
    "storage_config.tsdb_shipper.shared_store_key_prefix": RetiredKey(
        _INDEX_PREFIX, "schema_config.configs.index.path_prefix"
    ),
    "storage_config.*.use_boltdb_shipper_as_backup": RetiredKey("It has no replacement: only tsdb is written."),
    "compactor.deletion_mode": RetiredKey("It is a limit now.", "limits_config.deletion_mode"),
    "compactor.shared_store": RetiredKey(
        "The compactor uses the object_store of each period; only delete requests need a store.",
        "compactor.delete_request_store",
    ),
    "compactor.shared_store_key_prefix": RetiredKey(
        "Delete requests have a separate prefix.", "compactor.delete_request_store_key_prefix"
    ),
    "chunk_store_config.max_look_back_period": RetiredKey("It is a limit now.", "limits_config.max_query_lookback"),
    "limits_config.ruler_evaluation_delay_duration": RetiredKey("It has no replacement."),
    "limits_config.enforce_metric_name": RetiredKey("It has no replacement: Loki has no metric names."),
    "limits_config.bloom_compactor_*": RetiredKey(_BLOOMS, "bloom_build"),
    "bloom_compactor": RetiredKey(_BLOOMS, "bloom_build"),
    "pattern_ingester.metric_aggregation.enabled": RetiredKey(
        "It is a limit now.", "limits_config.metric_aggregation_enabled"
    ),
    "pattern_ingester.metric_aggregation.downsample_period": RetiredKey(
        "It was renamed.", "pattern_ingester.metric_aggregation.sample_period"
    ),
    "pattern_ingester.metric_aggregation.log_push_observations": RetiredKey("It has no replacement."),
    "*.enable_fifocache": RetiredKey(_EMBEDDED),
    "*.fifocache": RetiredKey(_EMBEDDED),
    "*.async_cache_write_back_concurrency": RetiredKey("Write background.writeback_goroutines of the cache instead."),
    "*.async_cache_write_back_buffer_size": RetiredKey("Write background.writeback_buffer of the cache instead."),
}  # fmt: skip

DEPRECATED: dict[str, RetiredKey] = {
    "legacy_read_target": RetiredKey("Run the targets read and backend instead."),
    "ruler.remote_write.client": RetiredKey("A map of clients replaces it.", "ruler.remote_write.clients"),
    "index_gateway.ring.replication_factor": RetiredKey("It is a limit now.", "limits_config.index_gateway_shard_size"),
    "storage_config.bigtable": RetiredKey(_OLD_INDEX),
    "storage_config.cassandra": RetiredKey(_OLD_INDEX),
    "storage_config.boltdb": RetiredKey(_OLD_INDEX),
    "storage_config.grpc_store": RetiredKey(_OLD_INDEX),
    "storage_config.aws.dynamodb": RetiredKey(_OLD_INDEX),
    "chunk_store_config.write_dedupe_cache_config": RetiredKey("Only deprecated indexes use it."),
    "kafka_config.address": RetiredKey("Reader and writer have a key each.", "kafka_config.reader_config.address"),
    "kafka_config.client_id": RetiredKey("Reader and writer have a key each.", "kafka_config.reader_config.client_id"),
    "limits_config.unordered_writes": RetiredKey("Loki always accepts unordered lines."),
    "limits_config.ruler_remote_write_?*": RetiredKey(_RULER_WRITE, "limits_config.ruler_remote_write_config"),
    "limits_config.per_tenant_override_config": RetiredKey("Use the runtime configuration.", "runtime_config.file"),
    "limits_config.per_tenant_override_period": RetiredKey("Use the runtime configuration.", "runtime_config.period"),
    "limits_config.allow_deletes": RetiredKey("deletion_mode replaces it.", "limits_config.deletion_mode"),
    "server.grpc_server_stats_tracking_enabled": RetiredKey("It has no effect."),
    "metrics_namespace": RetiredKey("Metrics always have the prefix loki."),
}  # fmt: skip

_NOT_DEPRECATED = {"limits_config.ruler_remote_write_disabled", "limits_config.ruler_remote_write_config"}

OLD_INDEX_STORES = frozenset(
    {"aws", "aws-dynamo", "gcp", "gcp-columnkey", "bigtable", "bigtable-hashed", "cassandra", "grpc", "grpc-store"}
)
"""Deprecated values of a period's `store` and, except aws, of its `object_store`."""


def find_removed(path: str) -> RetiredKey | None:
    """Return the entry of a removed key, by dotted path; None if the key was not removed."""
    return matching(path, REMOVED)


def find_deprecated(path: str) -> RetiredKey | None:
    """Return the entry of a deprecated key, by dotted path; None if the key is not deprecated."""
    return None if path in _NOT_DEPRECATED else matching(path, DEPRECATED)


def matching(path: str, table: dict[str, RetiredKey]) -> RetiredKey | None:
    """Return the entry of a table for a dotted path; None if it has none."""
    if path in table:
        return table[path]
    return next((key for pattern, key in table.items() if "*" in pattern and fnmatchcase(path, pattern)), None)
