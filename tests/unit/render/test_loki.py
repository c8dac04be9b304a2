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


def config(wanted: Environment, cluster: str) -> dict[str, Any]:
    return dict(yaml.safe_load(rendered(wanted)["loki"][f"loki/{cluster}.yaml"]))


def on_kubernetes(wanted: Environment, cluster: str) -> dict[str, Any]:
    return loki_config(wanted.clusters[cluster], kubernetes_addresses(wanted, cluster), f"{wanted.name}-{cluster}")


def test_clusters_share_no_container_no_ring_and_no_member() -> None:
    main, security = config(LOCAL, "main"), config(LOCAL, "security")

    def stores(of: dict[str, Any]) -> set[tuple[str, str]]:
        azure = (of["storage_config"]["object_store"]["azure"], of["ruler_storage"]["azure"])
        return {(entry["account_name"], entry["container_name"]) for entry in azure}

    assert not stores(main) & stores(security)
    assert main["memberlist"]["cluster_label"] != security["memberlist"]["cluster_label"]
    assert not set(main["memberlist"]["join_members"]) & set(security["memberlist"]["join_members"])


def test_members_join_the_first_ingesters() -> None:
    place = local_topology(LOCAL, STATE)

    assert config(LOCAL, "main")["memberlist"]["join_members"] == [p.gossip for p in place.of("main", "ingester")]


def test_each_process_answers_where_the_others_look_for_it() -> None:
    place = local_topology(LOCAL, STATE)
    main = config(LOCAL, "main")

    assert main["frontend"]["scheduler_address"] == place.of("main", "query-scheduler")[0].grpc
    assert main["frontend_worker"]["scheduler_address"] == place.of("main", "query-scheduler")[0].grpc
    assert main["common"]["compactor_grpc_address"] == place.of("main", "compactor")[0].grpc
    assert main["frontend"]["tail_proxy_url"] == place.of("main", "querier")[0].url
    index_gateway = main["storage_config"]["tsdb_shipper"]["index_gateway_client"]["server_address"]
    assert index_gateway == place.of("main", "index-gateway")[0].grpc


def test_a_single_process_looks_for_no_other() -> None:
    security = config(LOCAL, "security")

    assert "scheduler_address" not in security["frontend"]
    assert "frontend_worker" not in security
    assert "index_gateway_client" not in security["storage_config"]["tsdb_shipper"]


def test_whoever_is_not_told_otherwise_is_kept_as_long_as_was_promised() -> None:
    wanted = environment("local", ("clusters.main.keep_at_least", "100d"))

    assert config(wanted, "main")["limits_config"]["retention_period"] == "2400h"


def test_tenants_keep_their_logs_and_streams_as_declared() -> None:
    application = overrides(LOCAL.clusters["main"])["overrides"]["application"]

    assert application["retention_period"] == "2160h"
    assert application["retention_stream"] == [{"selector": '{level="error"}', "priority": 2, "period": "2880h"}]


def test_every_tenant_has_a_retention_of_its_own() -> None:
    for cluster in PRODUCTION.clusters.values():
        limits = overrides(cluster)["overrides"]

        assert {name for name, own in limits.items() if "retention_period" in own} == set(cluster.tenants)


def test_a_limit_that_is_not_set_is_not_rendered() -> None:
    assert loki_limits(Limits()) == {}


def test_sizes_are_bytes_and_durations_have_no_days() -> None:
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
def test_the_ring_lives_where_it_is_said_to(ring: dict[str, Any], kvstore: dict[str, Any]) -> None:
    main = config(environment("local", ("clusters.main.ring", ring)), "main")

    assert main["common"]["ring"]["kvstore"] == kvstore
    assert ("memberlist" in main) == (ring["store"] == "memberlist")


def test_memcached_servers_are_found_by_the_name_and_port_they_are_given_by() -> None:
    cache = on_kubernetes(PRODUCTION, "main")["chunk_store_config"]["chunk_cache_config"]

    assert cache["memcached_client"]["addresses"] == "dns+loki-chunks-cache:11211"
    assert "embedded_cache" not in cache


def test_what_the_index_says_is_kept_with_the_results_where_that_is_asked_for() -> None:
    ranges = config(environment("local", ("clusters.main.caches.index", True)), "main")["query_range"]

    assert {key for key, on in ranges.items() if key.startswith("cache_") and on} == {
        "cache_results", "cache_index_stats_results", "cache_volume_results", "cache_series_results",
        "cache_label_results",
    }  # fmt: skip


def test_without_a_cache_of_results_nothing_of_the_index_is_kept() -> None:
    caches = (("clusters.main.caches.results", None), ("clusters.main.caches.index", True))
    ranges = config(environment("local", *caches), "main")["query_range"]

    assert [key for key, on in ranges.items() if key.startswith("cache_") and on] == []


def test_no_cache_is_no_cache() -> None:
    main = config(environment("local", ("clusters.main.caches", {})), "main")

    assert main["query_range"]["cache_results"] is False
    # Without a word of it, Loki would make one of its own.
    assert main["chunk_store_config"]["chunk_cache_config"] == {"embedded_cache": {"enabled": True, "max_size_mb": 0}}


def test_on_kubernetes_an_identity_needs_no_key_and_a_key_is_a_variable() -> None:
    assert "account_key" not in kubernetes_addresses(PRODUCTION, "main").azure
    assert kubernetes_addresses(PRODUCTION, "security").azure["account_key"] == "${LOGOPS_CONNECTION_SECURITY_STORAGE}"


def test_the_platforms_differ_in_addresses_alone() -> None:
    cluster = LOCAL.clusters["main"]
    here = config(LOCAL, "main")
    there = loki_config(cluster, kubernetes_addresses(LOCAL, "main"), "local-main")

    assert {key for key in here.keys() | there.keys() if here.get(key) != there.get(key)} == {
        "server", "common", "memberlist", "storage_config", "ingester", "frontend", "frontend_worker", "compactor",
        "ruler", "ruler_storage", "runtime_config",
    }  # fmt: skip
