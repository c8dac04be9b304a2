"""Who may connect to a cluster's pods, and to what these may connect."""

from typing import Any

import pytest
import yaml

from logops.render.kubernetes import releases
from logops.stages import Stage
from tests.support.environments import environment, rendered_on_kubernetes


def policies(*changes: tuple[str, Any], stage: Stage = "loki") -> dict[str, dict[str, Any]]:
    files = rendered_on_kubernetes(environment("production", *changes))[stage]
    manifests = [yaml.safe_load(text) for name, text in files.items() if "/manifests/" in name]
    return {
        manifest["metadata"]["name"]: manifest["spec"] for manifest in manifests if manifest["kind"] == "NetworkPolicy"
    }


def sources(spec: dict[str, Any]) -> list[tuple[str, dict[str, str]]]:
    """Return namespace and labels of the pods that a policy lets in; no namespace: the policy's own."""
    return [
        (
            peer.get("namespaceSelector", {"matchLabels": {}})["matchLabels"].get("kubernetes.io/metadata.name", ""),
            peer.get("podSelector", {}).get("matchLabels", {}),
        )
        for rule in spec["ingress"]
        for peer in rule.get("from", [])
    ]


def test_pods_of_loki_accept_only_their_cluster_prometheus_and_airflow() -> None:
    assert sources(policies()["loki-main-pods"]) == [
        ("", {"app.kubernetes.io/instance": "loki-main"}),
        ("airflow", {}),
        ("monitoring", {"app.kubernetes.io/name": "prometheus"}),
    ]


def test_gateway_accepts_the_ingress_controller_on_its_port_only() -> None:
    spec = policies(("platform.network.ingress_namespace", "app-routing-system"))["loki-main-gateway"]

    assert sources(spec)[0] == ("app-routing-system", {})
    assert [rule["ports"] for rule in spec["ingress"]] == [[{"port": 8080, "protocol": "TCP"}]]


def test_agents_reach_the_distributors_if_there_is_no_gateway() -> None:
    spec = policies(("clusters.main.gateway", None), ("clusters.main.canary", None))["loki-main-pods"]

    assert ("monitoring", {"app.kubernetes.io/name": "alloy"}) in sources(spec)


def test_environment_without_network_has_no_policies() -> None:
    assert policies(("platform", {"kind": "kubernetes", "network": None})) == {}


def allowed(spec: dict[str, Any]) -> list[str]:
    """Return where pods may connect to: `own`, the name of a namespace, `anywhere:PORT`, or `:PORT` for any pod."""
    ways = []
    for rule in spec["egress"]:
        ports = "".join(f":{port['port']}" for port in rule.get("ports", ()) if port["protocol"] == "TCP")
        for peer in rule.get("to", [{}])[:1]:
            selected = peer.get("namespaceSelector", {"matchLabels": {}})["matchLabels"]
            name = selected.get("kubernetes.io/metadata.name", "anywhere" if "ipBlock" in peer else "")
            ways.append(f"{'own' if 'podSelector' in peer else name}{ports}")
    return ways


def test_pods_of_loki_reach_their_cluster_azure_and_the_services_of_the_environment() -> None:
    assert allowed(policies()["loki-main-pods"]) == ["own", ":53", "anywhere:443", "monitoring", "monitoring"]


def test_gateway_reaches_its_cluster_and_names_only() -> None:
    assert allowed(policies()["loki-main-gateway"]) == ["own", ":53"]


def test_pods_do_not_reach_the_metadata_service_that_gives_the_identity_of_a_node() -> None:
    blocks = [
        peer["ipBlock"]
        for stage in ("loki", "agents")
        for spec in policies(stage=stage).values()
        for rule in spec["egress"]
        for peer in rule.get("to", ())
        if "ipBlock" in peer
    ]

    assert len(blocks) > 2
    assert all("169.254.169.254/32" in block["except"] for block in blocks if block["cidr"] == "0.0.0.0/0")


@pytest.mark.parametrize(
    ("url", "ways"),
    [
        ("http://prometheus:9090", ["monitoring"]),
        ("http://prometheus.metrics.svc:9090", ["metrics"]),
        ("http://prometheus.metrics.svc.cluster.local:9090", ["metrics"]),
        ("http://prometheus.metrics:9090", ["metrics", "anywhere:9090"]),
        ("https://prometheus.example.com", ["anywhere:443"]),
    ],
)
def test_way_to_a_service_is_its_namespace_or_its_port_outside(url: str, ways: list[str]) -> None:
    changes = (("clusters.main.ruler.prometheus_url", url), ("alerts.standard.urls", []))

    assert allowed(policies(*changes)["loki-main-pods"])[3:] == ways


def test_pods_reach_the_cache_and_the_ring_that_exist_elsewhere() -> None:
    changes = (
        ("clusters.main.caches.results", {"kind": "memcached", "addresses": ["cache.caches.svc:11211"]}),
        ("clusters.main.ring", {"store": "consul", "endpoints": ["consul.rings.svc:8500"]}),
    )

    assert {"caches", "rings"} <= {*allowed(policies(*changes)["loki-main-pods"])}


def agent_policies(*changes: tuple[str, Any]) -> dict[str, dict[str, Any]]:
    return policies(*changes, stage="agents")


def test_each_release_of_an_agent_has_a_policy_for_its_pods() -> None:
    files = rendered_on_kubernetes(environment("production"))["agents"]
    names = {release.name for release in releases(files)}

    assert {
        name: spec["podSelector"]["matchLabels"] for name, spec in agent_policies().items()
    } == {name: {"app.kubernetes.io/instance": name} for name in names}  # fmt: skip


def test_agent_on_a_node_accepts_only_who_reads_its_metrics() -> None:
    assert sources(agent_policies()["alloy-nodes"]) == [
        ("airflow", {}),
        ("monitoring", {"app.kubernetes.io/name": "prometheus"}),
    ]
    assert [rule for rule in agent_policies()["alloy-nodes"]["ingress"] if "from" not in rule] == []


def test_agent_that_receives_syslog_accepts_everybody_on_that_port_only() -> None:
    rules = [rule for rule in agent_policies()["alloy-receivers"]["ingress"] if "from" not in rule]

    assert rules == [{"ports": [{"port": 1514, "protocol": "TCP"}]}]


def test_agent_reaches_the_gateways_and_the_api_server_if_it_reads_pods() -> None:
    ways = allowed(agent_policies()["alloy-nodes"])

    assert ways[0] == ":53"
    assert {"ingress-nginx", "anywhere:443:6443"} <= {*ways}


def test_agent_of_event_hubs_reaches_their_port() -> None:
    assert "anywhere:443:9093" in allowed(agent_policies()["alloy-receivers"])


def test_agent_without_gateway_reaches_the_pods_of_its_cluster_on_their_port_only() -> None:
    changes = (("clusters.main.gateway", None), ("clusters.main.canary", None))
    ways = [
        (rule["to"][0]["podSelector"]["matchLabels"], rule["ports"])
        for rule in agent_policies(*changes)["alloy-receivers"]["egress"]
        if "podSelector" in rule.get("to", [{}])[0]
    ]

    assert ways == [({"app.kubernetes.io/instance": "loki-main"}, [{"port": 3100, "protocol": "TCP"}])]


def test_environment_without_network_has_no_policies_of_agents() -> None:
    assert agent_policies(("platform", {"kind": "kubernetes", "network": None})) == {}
