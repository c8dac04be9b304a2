"""Which changes of a cluster make a new configuration, so that earlier nights are not compared."""

from typing import Any

import pytest

from logops.benchmark.measure.configuration import configuration
from tests.support.environments import environment

CLUSTER = environment("local").clusters["main"]
CONFIG: dict[str, Any] = {"querier": {"max_concurrent": 4}, "server": {"http_listen_port": 1}}
LIMITS = {"split_queries_by_interval": "1h", "retention_period": "90d"}
OWN = configuration(CLUSTER, CONFIG, LIMITS)


@pytest.mark.parametrize(
    ("config", "limits"),
    [
        ({"querier": {"max_concurrent": 8}}, {}),
        ({"query_range": {"results_cache": {"cache": {"embedded_cache": {"enabled": False}}}}}, {}),
        ({"chunk_store_config": {"chunk_cache_config": {"memcached_client": {"addresses": "dns+a:11211"}}}}, {}),
        ({"query_range": {"results_cache": {"cache": {"memcached": {"expiration": "1h"}}}}}, {}),
        ({"query_range": {"cache_volume_results": True}}, {}),
        ({}, {"split_queries_by_interval": "30m"}),
    ],
)
def test_configuration_changes_with_setting_that_affects_query_speed(
    config: dict[str, Any], limits: dict[str, Any]
) -> None:
    assert configuration(CLUSTER, {**CONFIG, **config}, {**LIMITS, **limits}) != OWN


@pytest.mark.parametrize(
    ("config", "limits"), [({"server": {"http_listen_port": 2}}, {}), ({}, {"retention_period": "30d"})]
)
def test_configuration_ignores_setting_without_effect_on_query_speed(
    config: dict[str, Any], limits: dict[str, Any]
) -> None:
    assert configuration(CLUSTER, {**CONFIG, **config}, {**LIMITS, **limits}) == OWN


@pytest.mark.parametrize(("of_queriers", "value"), [("replicas", 2), ("resources.limits.memory", "9GiB")])
def test_configuration_changes_with_querier_replicas_or_memory(of_queriers: str, value: object) -> None:
    more = environment("local", (f"clusters.main.components.querier.{of_queriers}", value)).clusters["main"]

    assert configuration(more, CONFIG, LIMITS) != OWN
