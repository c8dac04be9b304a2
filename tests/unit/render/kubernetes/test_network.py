"""Who may connect to a cluster's pods."""

from typing import Any

import yaml

from tests.support.environments import environment, rendered_on_kubernetes


def policies(*changes: tuple[str, Any]) -> dict[str, dict[str, Any]]:
    files = rendered_on_kubernetes(environment("production", *changes))["loki"]
    manifests = [yaml.safe_load(text) for name, text in files.items() if "/manifests/" in name]
    return {manifest["metadata"]["name"]: manifest["spec"] for manifest in manifests}


def sources(spec: dict[str, Any]) -> list[tuple[str, dict[str, str]]]:
    """Return namespace and labels of the pods that a policy lets in; no namespace: the policy's own."""
    return [
        (
            peer.get("namespaceSelector", {"matchLabels": {}})["matchLabels"].get("kubernetes.io/metadata.name", ""),
            peer.get("podSelector", {}).get("matchLabels", {}),
        )
        for rule in spec["ingress"]
        for peer in rule["from"]
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
