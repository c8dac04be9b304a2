"""Render who may connect to a cluster's pods.

Loki believes the tenant that a request names. So only the gateway, which checks it, is open to users, and everything
else accepts connections from Loki's own pods, Prometheus and Airflow.
"""

from collections.abc import Iterator
from typing import Any

from logops.environment.kubernetes import Network
from logops.environment.model import Environment
from logops.render.files import to_yaml
from logops.render.kubernetes.gateway import PORT
from logops.render.kubernetes.manifest import manifest
from logops.render.kubernetes.platform import kubernetes_platform

_PROMETHEUS = {"app.kubernetes.io/name": "prometheus"}


def network_texts(environment: Environment, cluster: str, release: str) -> dict[str, str]:
    """Return the network policies of a cluster; none if the environment wants none."""
    network = kubernetes_platform(environment).network
    if network is None:
        return {}
    return {
        f"loki/manifests/{release}-{name}.yaml": to_yaml(
            environment.name,
            manifest(
                "networking.k8s.io/v1",
                "NetworkPolicy",
                f"{release}-{name}",
                environment.namespace(cluster),
                {"spec": spec},
            ),
        )
        for name, spec in _specs(environment, cluster, release, network)
    }


def _specs(
    environment: Environment, cluster: str, release: str, network: Network
) -> Iterator[tuple[str, dict[str, Any]]]:
    own = {"app.kubernetes.io/instance": release}
    yield (
        "pods",
        _spec(
            {
                "matchLabels": own,
                "matchExpressions": [
                    {"key": "app.kubernetes.io/component", "operator": "NotIn", "values": ["gateway"]}
                ],
            },
            [
                {"from": [{"podSelector": {"matchLabels": own}}]},
                {"from": [_namespace(network.airflow_namespace)]},
                {"from": [{**_namespace(network.prometheus_namespace), "podSelector": {"matchLabels": _PROMETHEUS}}]},
                *_inside(environment, cluster),
            ],
        ),
    )
    if environment.clusters[cluster].gateway:
        yield (
            "gateway",
            _spec(
                {"matchLabels": {**own, "app.kubernetes.io/component": "gateway"}},
                [
                    {
                        "from": [
                            _namespace(network.ingress_namespace),
                            _namespace(network.airflow_namespace),
                            {"podSelector": {"matchLabels": own}},
                        ],
                        "ports": [{"port": PORT, "protocol": "TCP"}],
                    }
                ],
            ),
        )


def _inside(environment: Environment, cluster: str) -> Iterator[dict[str, Any]]:
    """Yield who sends logs without a gateway: the agents, which then connect to the distributors."""
    if environment.clusters[cluster].gateway is None:
        for kind in sorted({agent.kind for agent in environment.agents.values()}):
            agents = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": kind}}}
            yield {"from": [{**_namespace(kubernetes_platform(environment).namespace), **agents}]}


def _spec(pods: dict[str, Any], ingress: list[dict[str, Any]]) -> dict[str, Any]:
    return {"podSelector": pods, "policyTypes": ["Ingress"], "ingress": ingress}


def _namespace(name: str) -> dict[str, Any]:
    """Return a selector of a namespace. Kubernetes itself sets this label on each."""
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
