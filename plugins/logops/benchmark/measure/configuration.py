"""A digest of what decides a cluster's speed. Nights with different digests are not compared."""

import json
from collections.abc import Mapping
from typing import Any

from logops.environment.cluster import Cluster
from logops.render.files import digest_of

CONFIG = (
    "chunk_store_config.chunk_cache_config.embedded_cache",
    "chunk_store_config.chunk_cache_config.memcached.expiration",
    "chunk_store_config.chunk_cache_config.memcached_client.addresses",
    "common.replication_factor",
    "ingester.chunk_encoding",
    "ingester.chunk_target_size",
    "ingester.sync_period",
    "querier.max_concurrent",
    "query_range.align_queries_with_step",
    "query_range.cache_index_stats_results",
    "query_range.cache_instant_metric_results",
    "query_range.cache_label_results",
    "query_range.cache_results",
    "query_range.cache_series_results",
    "query_range.cache_volume_results",
    "query_range.parallelise_shardable_queries",
    "query_range.results_cache.cache.embedded_cache",
    "query_range.results_cache.cache.memcached.expiration",
    "query_range.results_cache.cache.memcached_client.addresses",
    "schema_config",
)
LIMITS = (
    "max_cache_freshness_per_query",
    "max_queriers_per_tenant",
    "max_query_parallelism",
    "split_instant_metric_queries_by_interval",
    "split_queries_by_interval",
    "tsdb_max_bytes_per_shard",
    "tsdb_max_query_parallelism",
    "tsdb_sharding_strategy",
)


def configuration(cluster: Cluster, config: Mapping[str, Any], limits: Mapping[str, Any]) -> str:
    """Return a digest of the number and size of processes, of Loki's running configuration, and of a tenant's limits.

    Loki's version is not included: whether a new version is slower is the question.
    """
    replicas = {
        name: [workload.replicas, workload.resources.model_dump(mode="json")]
        for name, workload in cluster.components.items()
    }
    settings = [_at(config, key) for key in CONFIG] + [limits.get(key) for key in LIMITS]
    return digest_of(json.dumps([replicas, settings], sort_keys=True, default=str))


def _at(config: Any, path: str) -> Any:
    for key in path.split("."):
        config = config.get(key) if isinstance(config, Mapping) else None
    return config
