from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from logops.environment import Environment
from logops.environment.cluster import AUDIENCES, DISTRIBUTED
from logops.render import PlacementError, Topology, local_topology
from logops.render.topology import PORTS
from tests.support.environments import STATE, environment

replicas = st.fixed_dictionaries({component: st.integers(1, 3) for component in DISTRIBUTED})
LOCAL = environment("local")


def with_replicas(replicas: dict[str, int]) -> Environment:
    return environment("local", *((f"clusters.main.components.{name}.replicas", n) for name, n in replicas.items()))


def ports(topology: Topology) -> list[int]:
    loki = [port for p in topology.loki for port in (p.http_port, p.grpc_port, p.gossip_port)]
    agents = [process.http_port for process in topology.agents]
    canaries = [topology.canary_port(cluster) for cluster in topology.environment.clusters]
    syslogs = [
        topology.syslog_port(name) for name, source in topology.environment.sources.items() if source.kind == "syslog"
    ]
    prometheus = [topology.prometheus_port(audience) for audience in AUDIENCES]
    return [topology.azurite_port, topology.metrics_port, *prometheus, *agents, *syslogs, *canaries, *loki]


@given(replicas, st.sampled_from(DISTRIBUTED))
def test_additional_replica_changes_no_other_port(replicas: dict[str, int], component: str) -> None:
    # The ports of an environment are enough for three of some components.
    assume(replicas[component] < 3)
    more_replicas = {**replicas, component: replicas[component] + 1}
    before = {process.name: process.http_port for process in local_topology(with_replicas(replicas), STATE).loki}
    after = {process.name: process.http_port for process in local_topology(with_replicas(more_replicas), STATE).loki}

    assert len(after) == len(before) + 1
    assert {name: after[name] for name in before} == before


@given(replicas, st.sampled_from(DISTRIBUTED))
def test_removed_replica_changes_no_other_port(replicas: dict[str, int], component: str) -> None:
    assume(replicas[component] > 1)
    fewer_replicas = {**replicas, component: replicas[component] - 1}
    before = {process.name: process.http_port for process in local_topology(with_replicas(replicas), STATE).loki}
    after = {process.name: process.http_port for process in local_topology(with_replicas(fewer_replicas), STATE).loki}

    assert before.keys() - after.keys() == {f"main-{component}-{replicas[component] - 1}"}
    assert {name: before[name] for name in after} == after


@given(replicas)
def test_ports_are_unique_and_in_the_range_of_the_environment(replicas: dict[str, int]) -> None:
    topology = local_topology(with_replicas(replicas), STATE)
    used = ports(topology)

    assert len(set(used)) == len(used)
    assert all(topology.base_port <= port < topology.base_port + PORTS for port in used)


@given(replicas)
def test_number_of_processes_equals_replicas(replicas: dict[str, int]) -> None:
    topology = local_topology(with_replicas(replicas), STATE)

    assert {component: len(topology.of("main", component)) for component in replicas} == replicas


def test_environments_with_different_base_ports_share_no_port() -> None:
    second = environment("local", ("platform.base_port", 23200))

    assert not set(ports(local_topology(LOCAL, STATE))) & set(ports(local_topology(second, STATE)))


def test_gateway_is_not_run_on_local_platform() -> None:
    with_gateway = environment("local", ("clusters.main.components.gateway", {"replicas": 2}))

    assert local_topology(with_gateway, STATE).loki == local_topology(LOCAL, STATE).loki


def test_process_of_a_single_cluster_serves_every_component() -> None:
    topology = local_topology(LOCAL, STATE)

    assert [process.name for process in topology.of("security", "distributor")] == ["security-all-0"]
    assert topology.read_url("security") == topology.write_url("security") == topology.of("security")[0].url


def test_more_replicas_than_ports_are_refused_with_the_possible_number() -> None:
    with pytest.raises(
        PlacementError,
        match=r"clusters\.main\.components\.querier\.replicas: 4, but the 100 ports are enough for only 3",
    ):
        local_topology(with_replicas({"querier": 4}), STATE)

    assert len(local_topology(with_replicas({"querier": 3}), STATE).of("main", "querier")) == 3


def test_kubernetes_environment_is_refused_on_local_platform() -> None:
    with pytest.raises(PlacementError, match="'production' is for platform kubernetes, not for the local platform"):
        local_topology(environment("production"), STATE)


@pytest.mark.parametrize("kind", ["alloy", "fluent-bit"])
def test_agent_unsupported_on_local_platform_is_refused_with_its_name(kind: str) -> None:
    with pytest.raises(PlacementError, match=rf"agents\.promtail: the local platform cannot run {kind}"):
        local_topology(environment("local", ("agents.promtail.kind", kind)), STATE)


def test_more_agents_than_ports_are_refused() -> None:
    agents = {f"agent-{number}": {"kind": "promtail", "sources": ["audit"]} for number in range(6)}

    with pytest.raises(PlacementError, match=r"needs 6 agent processes and 1 syslog ports, but .* has only 3 and 2"):
        local_topology(environment("local", ("agents", agents)), STATE)


@pytest.mark.parametrize(
    "folder", ["a'b", 'a"b', "a%b", "a$b", "a*b", "a?b", "a[b]", "a{b}", "a\\b", "a\nb", "a ;b", "a #b"]
)
def test_state_folder_with_special_characters_is_refused(folder: str) -> None:
    with pytest.raises(PlacementError, match="which configuration files do not accept"):
        local_topology(LOCAL, STATE / folder)


@pytest.mark.parametrize("folder", ["a b", "c#", "a;b", "größe", "a,b", "a(b)", "a=b", "a@b:c"])
def test_state_folder_with_harmless_name_is_accepted(folder: str) -> None:
    assert local_topology(LOCAL, STATE / folder).live("x") == Path(STATE, folder, "live", "x")


def test_declared_syslog_port_is_used() -> None:
    assert local_topology(environment("local", ("sources.syslog.port", 1514)), STATE).syslog_port("syslog") == 1514
