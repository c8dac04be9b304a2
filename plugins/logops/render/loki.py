"""Render a cluster's Loki configuration (Loki 3.7). Tests check it with `loki -verify-config`."""

from typing import Any

from logops.environment.cluster import Cache, Cluster, MemcachedCache, RingConfig
from logops.render.addresses import Addresses
from logops.render.overrides import cluster_limits


def loki_config(cluster: Cluster, addresses: Addresses, label: str) -> dict[str, Any]:
    """Return the configuration that all processes of a cluster share.

    addresses   addresses of the processes
    label       unique name of the cluster: memberlist keeps clusters with different labels apart

    Settings that differ between processes (target, ports) are flags. Ids and folders may be variables, which Loki
    expands.
    """
    config = {
        "auth_enabled": cluster.auth_enabled,
        "server": {
            "http_listen_address": addresses.listen,
            "grpc_listen_address": addresses.listen,
            "log_level": cluster.log_level,
            "grpc_server_max_recv_msg_size": 16 * 2**20,
            "grpc_server_max_send_msg_size": 16 * 2**20,
        },
        "common": _common(cluster, addresses),
        "memberlist": _memberlist(cluster, addresses, label),
        "schema_config": schema_config(cluster),
        "storage_config": _storage(cluster, addresses),
        "ingester": _ingester(cluster, addresses),
        "querier": {
            "max_concurrent": cluster.query.max_concurrent,
            "tail_max_duration": cluster.query.tail_max_duration.go,
            # Query ingesters for lines of any age. By default queriers skip them for lines older than three hours, so
            # an old line is not visible until its chunk and index are stored (pkg/querier/querier.go).
            "query_ingesters_within": "0s",
        },
        "query_scheduler": {
            "max_outstanding_requests_per_tenant": cluster.query.max_outstanding_requests_per_tenant,
            "use_scheduler_ring": False,
        },
        "frontend": _frontend(cluster, addresses),
        "frontend_worker": {"scheduler_address": addresses.scheduler} if cluster.mode == "distributed" else {},
        "query_range": _query_range(cluster, addresses),
        "chunk_store_config": _chunk_store(cluster, addresses),
        "compactor": _compactor(cluster, addresses),
        "ruler": _ruler(cluster, addresses),
        "ruler_storage": {"backend": "azure", "azure": {**addresses.azure, "container_name": cluster.containers.ruler}},
        "limits_config": cluster_limits(cluster),
        "runtime_config": {"file": addresses.overrides_file, "period": "2s"},
        # Count the lines that an ingester had already: a quality run subtracts them from the received lines.
        "operational_config": {"log_duplicate_metrics": True},
        # Empty: publish all limits. By default Loki publishes only a few, and a rollout could not verify the others.
        "tenant_limits_allow_publish": [],
        "analytics": {"reporting_enabled": False},
    }
    return {key: section for key, section in config.items() if section != {}}


def kvstore(ring: RingConfig) -> dict[str, Any]:
    """Return the `kvstore` block of every ring."""
    match ring.store:
        case "consul":
            return {"store": "consul", "consul": {"host": ring.endpoints[0]}}
        case "etcd":
            return {"store": "etcd", "etcd": {"endpoints": list(ring.endpoints)}}
        case _:
            return {"store": "memberlist"}


def schema_config(cluster: Cluster) -> dict[str, Any]:
    """Return `schema_config`: every period stores its index on Azure, with one table for each day."""
    return {
        "configs": [
            {
                "from": period.from_.isoformat(),
                "store": period.store,
                "object_store": "azure",
                "schema": period.schema_,
                "index": {"prefix": period.index_prefix, "period": "24h"},
            }
            for period in cluster.schema_periods
        ]
    }


def cache_config(cache: Cache, own_server: str) -> dict[str, Any]:
    """Return a cache block (pkg/storage/chunk/cache/cache.go).

    own_server   address of the cluster's own Memcached, for a cache that names no other one
    """
    if isinstance(cache, MemcachedCache):
        servers = cache.addresses or (own_server,)
        return {
            "default_validity": cache.ttl.go,
            "memcached": {"expiration": cache.ttl.go},
            "memcached_client": {"addresses": ",".join(f"dns+{address}" for address in servers)},
        }
    return {
        "embedded_cache": {
            "enabled": True,
            "max_size_mb": max(1, int(cache.max_size.mib)),
            "ttl": cache.ttl.go,
        }
    }


def _common(cluster: Cluster, addresses: Addresses) -> dict[str, Any]:
    ring: dict[str, Any] = {"kvstore": kvstore(cluster.ring), "heartbeat_period": "5s", "heartbeat_timeout": "1m"}
    common: dict[str, Any] = {"path_prefix": addresses.data, "replication_factor": cluster.replication_factor}
    if addresses.process:
        ring["instance_id"] = addresses.process
    if addresses.advertise:
        ring["instance_addr"] = common["instance_addr"] = addresses.advertise
    return {**common, "ring": ring, "compactor_grpc_address": addresses.compactor}


def _memberlist(cluster: Cluster, addresses: Addresses, label: str) -> dict[str, Any]:
    if cluster.ring.store != "memberlist":
        return {}
    memberlist: dict[str, Any] = {
        "bind_addr": [addresses.listen],
        "join_members": list(addresses.seeds),
        "cluster_label": label,
    }
    return {**memberlist, "advertise_addr": addresses.advertise} if addresses.advertise else memberlist


def _storage(cluster: Cluster, addresses: Addresses) -> dict[str, Any]:
    shipper: dict[str, Any] = {
        "active_index_directory": f"{addresses.data}/tsdb-index",
        "cache_location": f"{addresses.data}/tsdb-cache",
    }
    if cluster.mode == "distributed":
        shipper["index_gateway_client"] = {"server_address": addresses.index_gateway}
    return {
        "use_thanos_objstore": True,
        "object_store": {"azure": {**addresses.azure, "container_name": cluster.containers.chunks}},
        "tsdb_shipper": shipper,
    }


def _ingester(cluster: Cluster, addresses: Addresses) -> dict[str, Any]:
    ingester = cluster.ingester
    return {
        "chunk_idle_period": ingester.chunk_idle_period.go,
        "chunk_retain_period": ingester.chunk_retain_period.go,
        "max_chunk_age": ingester.max_chunk_age.go,
        "chunk_target_size": ingester.chunk_target_size.value,
        "chunk_encoding": ingester.chunk_encoding,
        "sync_period": ingester.sync_period.go,
        # By default, Loki does not cut a chunk that is less than a tenth full: a chunk of a quiet stream would be cut
        # at no period (cutChunkForSynchronization in pkg/ingester/stream.go).
        "sync_min_utilization": 0,
        # Remove an ingester that died, when its heartbeat is old. A restarted ingester keeps its id. With a single
        # ingester this would only log a warning every few seconds.
        "autoforget_unhealthy": cluster.ingesters > 1,
        "lifecycler": {
            "min_ready_duration": "1s",
            "final_sleep": "0s",
            "num_tokens": 128,
            "tokens_file_path": f"{addresses.data}/tokens",
            # A restarting ingester keeps its tokens in the ring, so its streams do not move to other ingesters.
            "unregister_on_shutdown": False,
        },
        "wal": {
            "enabled": ingester.wal.enabled,
            "dir": f"{addresses.data}/wal",
            "flush_on_shutdown": ingester.wal.flush_on_shutdown,
            "replay_memory_ceiling": f"{ingester.wal.replay_memory_ceiling.value}B",
        },
    }


def _frontend(cluster: Cluster, addresses: Addresses) -> dict[str, Any]:
    frontend: dict[str, Any] = {
        "compress_responses": cluster.query.compress_responses,
        "log_queries_longer_than": cluster.query.log_queries_longer_than.go,
    }
    if addresses.advertise:
        frontend["address"] = addresses.advertise
    if cluster.mode == "distributed":
        frontend["scheduler_address"] = addresses.scheduler
        frontend["tail_proxy_url"] = addresses.querier
    return frontend


def _query_range(cluster: Cluster, addresses: Addresses) -> dict[str, Any]:
    results = cluster.caches.results
    cached: dict[str, Any] = {"cache_results": results is not None}
    if results:
        cached["results_cache"] = {"cache": cache_config(results, addresses.results_cache)}
    if results and cluster.caches.index:
        # These use the results cache if they have no separate cache (pkg/querier/queryrange/roundtrip.go).
        cached |= {f"cache_{kind}_results": True for kind in ("index_stats", "volume", "series", "label")}
    return {
        "align_queries_with_step": cluster.query.align_queries_with_step,
        "parallelise_shardable_queries": cluster.query.parallelise_shardable_queries,
        "max_retries": cluster.query.max_retries,
        **cached,
    }


def _chunk_store(cluster: Cluster, addresses: Addresses) -> dict[str, Any]:
    if cluster.caches.chunks:
        return {"chunk_cache_config": cache_config(cluster.caches.chunks, addresses.chunks_cache)}
    # Without this block, Loki creates a cache of 100 MB (pkg/loki/config_wrapper.go). Size 0 disables it.
    return {"chunk_cache_config": {"embedded_cache": {"enabled": True, "max_size_mb": 0}}}


def _compactor(cluster: Cluster, addresses: Addresses) -> dict[str, Any]:
    compactor = cluster.compactor
    apply = compactor.apply_retention_interval
    return {
        "working_directory": f"{addresses.data}/compactor",
        "compaction_interval": compactor.compaction_interval.go,
        **({"apply_retention_interval": apply.go} if apply else {}),
        "retention_enabled": compactor.retention_enabled,
        "retention_delete_delay": compactor.retention_delete_delay.go,
        "retention_delete_worker_count": compactor.retention_delete_worker_count,
        "delete_request_store": "azure",
        "delete_request_cancel_period": compactor.delete_request_cancel_period.go,
    }


def _ruler(cluster: Cluster, addresses: Addresses) -> dict[str, Any]:
    ruler: dict[str, Any] = {
        "enable_api": True,
        "rule_path": f"{addresses.data}/rules",
        "evaluation_interval": cluster.ruler.evaluation_interval.go,
        "poll_interval": cluster.ruler.poll_interval.go,
        # Without sharding, every ruler evaluates all rules and each series is recorded several times.
        "enable_sharding": cluster.rulers > 1,
    }
    if addresses.prometheus:
        ruler["remote_write"] = {
            "enabled": True,
            "clients": {"prometheus": {"url": f"{addresses.prometheus}/api/v1/write"}},
        }
        ruler["wal"] = {"dir": f"{addresses.data}/ruler-wal"}
    if alertmanager_url := cluster.ruler.alertmanager_url or ",".join(addresses.alertmanagers):
        ruler["alertmanager_url"] = alertmanager_url
        ruler["enable_alertmanager_v2"] = True
    return ruler
