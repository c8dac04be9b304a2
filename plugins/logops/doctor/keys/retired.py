"""Keys that Loki 3 removed or is about to, and what to write instead.

Facts: tools/deprecated-config-checker and docs/sources/setup/upgrade of Loki 3.7.8. `*` is any path above.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class RetiredKey:
    """A key's end: what to do now, and the key that took its place, where one did."""

    advice: str
    replacement: str = ""


_EMBEDDED = "Fifocache became embedded_cache: enabled, max_size_mb, ttl (max_size_items for a number of entries)."
_INDEX_STORE = "The index lies in the period's object_store."
_INDEX_PREFIX = "Write path_prefix under the period's index: the default is index/, as it was."
_BLOOMS = "The bloom compactor became bloom_build."
_SSE = "S3 encrypts by itself; sse.type chooses how."
_CONCURRENCY = "The queriers' own limit counts."
_RULER_WRITE = "One map of clients took the place of these keys."
_OLD_INDEX = "Only tsdb (and, until the next major version, boltdb-shipper) keeps an index."

REMOVED: dict[str, RetiredKey] = {
    "ingester.max_transfer_retries": RetiredKey("The WAL does its work.", "ingester.wal.enabled"),
    "querier.engine.timeout": RetiredKey("One timeout counts for a query.", "limits_config.query_timeout"),
    "querier.query_timeout": RetiredKey("The timeout became a limit.", "limits_config.query_timeout"),
    "query_range.split_queries_by_interval": RetiredKey("Became a limit.", "limits_config.split_queries_by_interval"),
    "query_range.forward_headers_list": RetiredKey("Gone without a successor."),
    "frontend_worker.parallelism": RetiredKey(_CONCURRENCY, "querier.max_concurrent"),
    "frontend_worker.match_max_concurrent": RetiredKey(_CONCURRENCY, "querier.max_concurrent"),
    "common.storage.s3.sse_encryption": RetiredKey(_SSE, "common.storage.s3.sse.type"),
    "common.storage.filesystem.admin_api_directory": RetiredKey("Gone without a successor."),
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
    "storage_config.*.use_boltdb_shipper_as_backup": RetiredKey("Gone: tsdb is written alone."),
    "compactor.deletion_mode": RetiredKey("Became a limit.", "limits_config.deletion_mode"),
    "compactor.shared_store": RetiredKey(
        "The compactor works on every period's object_store; delete requests need a store named.",
        "compactor.delete_request_store",
    ),
    "compactor.shared_store_key_prefix": RetiredKey(
        "Delete requests have a prefix of their own.", "compactor.delete_request_store_key_prefix"
    ),
    "chunk_store_config.max_look_back_period": RetiredKey("Became a limit.", "limits_config.max_query_lookback"),
    "limits_config.ruler_evaluation_delay_duration": RetiredKey("Gone without a successor."),
    "limits_config.enforce_metric_name": RetiredKey("Gone: Loki has no metric names."),
    "limits_config.bloom_compactor_*": RetiredKey(_BLOOMS, "bloom_build"),
    "bloom_compactor": RetiredKey(_BLOOMS, "bloom_build"),
    "*.enable_fifocache": RetiredKey(_EMBEDDED),
    "*.fifocache": RetiredKey(_EMBEDDED),
    "*.async_cache_write_back_concurrency": RetiredKey("The cache's background block has it: writeback_goroutines."),
    "*.async_cache_write_back_buffer_size": RetiredKey("The cache's background block has it: writeback_buffer."),
}  # fmt: skip

DEPRECATED: dict[str, RetiredKey] = {
    "legacy_read_target": RetiredKey("Run the targets read and backend."),
    "ruler.remote_write.client": RetiredKey("One map took its place.", "ruler.remote_write.clients"),
    "index_gateway.ring.replication_factor": RetiredKey("Became a limit.", "limits_config.index_gateway_shard_size"),
    "storage_config.bigtable": RetiredKey(_OLD_INDEX),
    "storage_config.cassandra": RetiredKey(_OLD_INDEX),
    "storage_config.boltdb": RetiredKey(_OLD_INDEX),
    "storage_config.grpc_store": RetiredKey(_OLD_INDEX),
    "storage_config.aws.dynamodb": RetiredKey(_OLD_INDEX),
    "chunk_store_config.write_dedupe_cache_config": RetiredKey("Only indexes that are going away use it."),
    "kafka_config.address": RetiredKey("Reader and writer have their own.", "kafka_config.reader_config.address"),
    "kafka_config.client_id": RetiredKey("Reader and writer have their own.", "kafka_config.reader_config.client_id"),
    "limits_config.unordered_writes": RetiredKey("Loki takes unordered lines always."),
    "limits_config.ruler_remote_write_?*": RetiredKey(_RULER_WRITE, "limits_config.ruler_remote_write_config"),
    "limits_config.per_tenant_override_config": RetiredKey("Use the runtime configuration.", "runtime_config.file"),
    "limits_config.per_tenant_override_period": RetiredKey("Use the runtime configuration.", "runtime_config.period"),
    "limits_config.allow_deletes": RetiredKey("The mode says it.", "limits_config.deletion_mode"),
    "server.grpc_server_stats_tracking_enabled": RetiredKey("Does nothing any more."),
    "metrics_namespace": RetiredKey("Metrics keep the prefix loki."),
}  # fmt: skip

_NOT_DEPRECATED = {"limits_config.ruler_remote_write_disabled", "limits_config.ruler_remote_write_config"}

OLD_INDEX_STORES = frozenset(
    {"aws", "aws-dynamo", "gcp", "gcp-columnkey", "bigtable", "bigtable-hashed", "cassandra", "grpc", "grpc-store"}
)
"""HelmValues of a period's `store` and (but for aws) `object_store` that Loki still takes."""


def find_removed(path: str) -> RetiredKey | None:
    """Why a dotted path is not known any more."""
    return _find(path, REMOVED)


def find_deprecated(path: str) -> RetiredKey | None:
    """Why a dotted path will not be known for long."""
    return None if path in _NOT_DEPRECATED else _find(path, DEPRECATED)


def _find(path: str, table: dict[str, RetiredKey]) -> RetiredKey | None:
    if path in table:
        return table[path]
    return next((end for pattern, end in table.items() if "*" in pattern and fnmatchcase(path, pattern)), None)
