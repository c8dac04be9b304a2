from typing import Any

import pytest
import yaml

from logops.environment import Environment
from logops.environment.limits import Limits
from logops.render import local_topology
from logops.render.addresses import kubernetes_addresses
from logops.render.loki import loki_config
from logops.render.overrides import loki_limits, overrides
from tests.support.environments import STATE, environment, rendered

LOCAL = environment("local")
PRODUCTION = environment("production")


def config(declared: Environment, cluster: str) -> dict[str, Any]:
    return dict(yaml.safe_load(rendered(declared)["loki"][f"loki/{cluster}.yaml"]))


def on_kubernetes(declared: Environment, cluster: str) -> dict[str, Any]:
    return loki_config(
        declared.clusters[cluster], kubernetes_addresses(declared, cluster), f"{declared.name}-{cluster}"
    )


def test_clusters_share_no_container_ring_or_member() -> None:
    main, security = config(LOCAL, "main"), config(LOCAL, "security")

    def stores(of: dict[str, Any]) -> set[tuple[str, str]]:
        azure = (of["storage_config"]["object_store"]["azure"], of["ruler_storage"]["azure"])
        return {(entry["account_name"], entry["container_name"]) for entry in azure}

    assert not stores(main) & stores(security)
    assert main["memberlist"]["cluster_label"] != security["memberlist"]["cluster_label"]
    assert not set(main["memberlist"]["join_members"]) & set(security["memberlist"]["join_members"])


def test_members_join_the_first_three_ingesters() -> None:
    declared = environment("local", ("clusters.main.components.ingester.replicas", 4))
    ingesters = local_topology(declared, STATE).of("main", "ingester")

    assert len(ingesters) == 4
    assert config(declared, "main")["memberlist"]["join_members"] == [process.gossip for process in ingesters[:3]]


def test_addresses_in_configuration_match_the_processes() -> None:
    topology = local_topology(LOCAL, STATE)
    main = config(LOCAL, "main")

    assert main["frontend"]["scheduler_address"] == topology.of("main", "query-scheduler")[0].grpc
    assert main["frontend_worker"]["scheduler_address"] == topology.of("main", "query-scheduler")[0].grpc
    assert main["common"]["compactor_grpc_address"] == topology.of("main", "compactor")[0].grpc
    assert main["frontend"]["tail_proxy_url"] == topology.of("main", "querier")[0].url
    index_gateway = main["storage_config"]["tsdb_shipper"]["index_gateway_client"]["server_address"]
    assert index_gateway == topology.of("main", "index-gateway")[0].grpc


def test_single_cluster_has_no_addresses_of_other_processes() -> None:
    security = config(LOCAL, "security")

    assert "scheduler_address" not in security["frontend"]
    assert "frontend_worker" not in security
    assert "index_gateway_client" not in security["storage_config"]["tsdb_shipper"]


def test_default_retention_is_the_promised_retention() -> None:
    declared = environment("local", ("clusters.main.keep_at_least", "100d"))

    assert config(declared, "main")["limits_config"]["retention_period"] == "2400h"


def test_tenant_overrides_have_the_declared_retention() -> None:
    application = overrides(LOCAL.clusters["main"])["overrides"]["application"]

    assert application["retention_period"] == "2160h"
    assert application["retention_stream"] == [{"selector": '{level="error"}', "priority": 2, "period": "2880h"}]


def test_every_tenant_has_retention_in_its_overrides() -> None:
    for cluster in PRODUCTION.clusters.values():
        limits = overrides(cluster)["overrides"]

        assert {name for name, own in limits.items() if "retention_period" in own} == set(cluster.tenants)


def test_unset_limit_is_not_rendered() -> None:
    assert loki_limits(Limits()) == {}


def test_rendered_sizes_are_bytes_and_durations_have_no_days() -> None:
    limits = Limits.model_validate({"per_stream_rate_limit": "10MiB", "max_query_length": "731d"})

    assert loki_limits(limits) == {"per_stream_rate_limit": 10485760, "max_query_length": "17544h"}


@pytest.mark.parametrize(
    ("ring", "kvstore"),
    [
        ({"store": "memberlist"}, {"store": "memberlist"}),
        ({"store": "consul", "endpoints": ["consul:8500"]}, {"store": "consul", "consul": {"host": "consul:8500"}}),
        (
            {"store": "etcd", "endpoints": ["a:2379", "b:2379"]},
            {"store": "etcd", "etcd": {"endpoints": ["a:2379", "b:2379"]}},
        ),
    ],
)
def test_ring_store_is_rendered_as_kvstore(ring: dict[str, Any], kvstore: dict[str, Any]) -> None:
    main = config(environment("local", ("clusters.main.ring", ring)), "main")

    assert main["common"]["ring"]["kvstore"] == kvstore
    assert ("memberlist" in main) == (ring["store"] == "memberlist")


def test_memcached_addresses_are_looked_up_by_dns() -> None:
    cache = on_kubernetes(PRODUCTION, "main")["chunk_store_config"]["chunk_cache_config"]

    assert cache["memcached_client"]["addresses"] == "dns+loki-main-chunks-cache:11211"
    assert "embedded_cache" not in cache


def test_memcached_servers_that_exist_are_used_instead_of_own_ones() -> None:
    cache = {"kind": "memcached", "addresses": ["cache-a:11211", "cache-b:11211"]}
    declared = environment("production", ("clusters.main.caches.chunks", cache))
    rendered_cache = on_kubernetes(declared, "main")["chunk_store_config"]["chunk_cache_config"]

    assert rendered_cache["memcached_client"]["addresses"] == "dns+cache-a:11211,dns+cache-b:11211"


def test_index_cache_uses_the_results_cache_if_enabled() -> None:
    ranges = config(environment("local", ("clusters.main.caches.index", True)), "main")["query_range"]

    assert {key for key, on in ranges.items() if key.startswith("cache_") and on} == {
        "cache_results", "cache_index_stats_results", "cache_volume_results", "cache_series_results",
        "cache_label_results",
    }  # fmt: skip


def test_index_cache_without_results_cache_is_disabled() -> None:
    caches = (("clusters.main.caches.results", None), ("clusters.main.caches.index", True))
    ranges = config(environment("local", *caches), "main")["query_range"]

    assert [key for key, on in ranges.items() if key.startswith("cache_") and on] == []


def test_null_cache_disables_the_cache() -> None:
    main = config(environment("local", ("clusters.main.caches", {})), "main")

    assert main["query_range"]["cache_results"] is False
    # Without this block, Loki would create a cache.
    assert main["chunk_store_config"]["chunk_cache_config"] == {"embedded_cache": {"enabled": True, "max_size_mb": 0}}


def test_kubernetes_login_uses_identity_or_key_variable() -> None:
    assert "account_key" not in kubernetes_addresses(PRODUCTION, "main").azure
    assert kubernetes_addresses(PRODUCTION, "security").azure["account_key"] == "${LOGOPS_CONNECTION_SECURITY_STORAGE}"


def test_configurations_of_platforms_differ_only_in_addresses() -> None:
    cluster = LOCAL.clusters["main"]
    here = config(LOCAL, "main")
    there = loki_config(cluster, kubernetes_addresses(LOCAL, "main"), "local-main")

    assert {key for key in here.keys() | there.keys() if here.get(key) != there.get(key)} == {
        "server", "common", "memberlist", "storage_config", "ingester", "frontend", "frontend_worker", "compactor",
        "ruler", "ruler_storage", "runtime_config",
    }  # fmt: skip
