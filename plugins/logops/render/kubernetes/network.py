"""Render who may connect to the pods of a cluster, of an Alertmanager and of an agent, and to what these may connect.

Loki believes the tenant that a request names. So only the gateway, which checks it, is open to users, and everything
else accepts connections from Loki's own pods, Prometheus and Airflow. Whoever takes over a pod reaches its cluster,
Azure, and the services that the environment names, and not the identity of the node.
"""

from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import urlsplit

from logops.environment.agents import Agent
from logops.environment.cluster import Data, MemcachedCache
from logops.environment.kubernetes import Network
from logops.environment.model import Environment
from logops.environment.sources import EventHubSource, PodSource
from logops.render.addresses import alertmanager_release, kubernetes_alertmanager_urls
from logops.render.files import to_yaml
from logops.render.kubernetes.gateway import PORT
from logops.render.kubernetes.manifest import manifest
from logops.render.kubernetes.platform import kubernetes_platform
from logops.stages import Stage

_HTTPS, _KAFKA = 443, 9093
_API_SERVER = 6443
"""Port of the API server behind its service, beside 443: a policy is applied to the address behind the service."""
_PROMETHEUS = {"app.kubernetes.io/name": "prometheus"}
_DNS = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
"""Any address: DNS caches on the nodes have addresses of their own."""
_ANYWHERE = [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}}, {"ipBlock": {"cidr": "::/0"}}]
"""Any address but that of Azure's metadata service, which gives the identity of the node to whoever asks."""
_AZURE = {"to": _ANYWHERE, "ports": [{"port": 443, "protocol": "TCP"}]}
"""Storage, and the login to it. Their addresses change, and a policy knows no names."""


def network_texts(environment: Environment, cluster: str, release: str) -> dict[str, str]:
    """Return the network policies of a cluster; none if the environment wants none."""
    network = kubernetes_platform(environment).network
    if network is None:
        return {}
    texts: dict[str, str] = {}
    for name, spec in _specs(environment, cluster, release, network):
        texts |= _policy(environment, "loki", f"{release}-{name}", environment.namespace(cluster), spec)
    return texts


def alertmanager_policy(environment: Environment, audience: Data) -> dict[str, str]:
    """Return the network policy of an Alertmanager; none if the environment wants none.

    It may connect to anything: receivers are anywhere.
    """
    network = kubernetes_platform(environment).network
    if network is None:
        return {}
    name, namespace = alertmanager_release(environment, audience)
    own = {"app.kubernetes.io/instance": name}
    clusters = [cluster for cluster, declared in environment.clusters.items() if declared.data == audience]
    spec = {
        "podSelector": {"matchLabels": own},
        "policyTypes": ["Ingress"],
        "ingress": [
            {"from": [{"podSelector": {"matchLabels": own}}]},
            {
                "from": [
                    *(
                        {**_namespace(environment.namespace(cluster)), "podSelector": {"matchLabels": _loki(cluster)}}
                        for cluster in clusters
                    ),
                    *_readers(network),
                ],
                "ports": [{"port": 9093, "protocol": "TCP"}],
            },
        ],
    }
    return _policy(environment, "storage", name, namespace, spec)


def agent_policy(
    environment: Environment, release: str, agent: Agent, cluster: str, received: Collection[tuple[int, str]]
) -> dict[str, str]:
    """Return the network policy of an agent's release; none if the environment wants none.

    cluster    the only cluster that it ships to; empty: those of all its sources
    received   number and protocol of each port on which it receives lines, from anybody
    """
    network = kubernetes_platform(environment).network
    if network is None:
        return {}
    ports = [{"port": port, "protocol": protocol} for port, protocol in received]
    spec = _spec(
        {"matchLabels": {"app.kubernetes.io/instance": release}},
        [{"from": [*_readers(network)]}, *([{"ports": ports}] if ports else [])],
        [_DNS, *_agent_ways(environment, agent, cluster, network)],
    )
    return _policy(environment, "agents", release, kubernetes_platform(environment).namespace, spec)


def _agent_ways(environment: Environment, agent: Agent, cluster: str, network: Network) -> Iterator[dict[str, Any]]:
    """Yield the ways to Loki, to the API server for names of pods, to event hubs and to the archive."""
    sources = [environment.sources[name] for name in agent.sources]
    clusters = [cluster] if cluster else sorted({source.cluster for source in sources})
    ports: set[int] = set()
    for name in clusters:
        if environment.clusters[name].gateway is None:
            loki = {**_namespace(environment.namespace(name)), "podSelector": {"matchLabels": _loki(name)}}
            yield {"to": [loki], "ports": [{"port": 3100, "protocol": "TCP"}]}
    if any(environment.clusters[name].gateway for name in clusters):
        # A cluster can lead a pod from the address of its load balancer to the ingress controller directly.
        yield {"to": [_namespace(network.ingress_namespace)]}
        ports.add(_HTTPS)
    if any(isinstance(source, PodSource) for source in sources):
        ports |= {_HTTPS, _API_SERVER}
    if any(isinstance(source, EventHubSource) for source in sources):
        ports.add(_KAFKA)
    if agent.archive:
        ports.add(_HTTPS)
    if ports:
        yield {"to": _ANYWHERE, "ports": [{"port": port, "protocol": "TCP"} for port in sorted(ports)]}


def metrics_policy(
    environment: Environment, name: str, namespace: str, pods: dict[str, str], port: int
) -> dict[str, str]:
    """Return the network policy of logops' own metrics; none if the environment wants none."""
    network = kubernetes_platform(environment).network
    if network is None:
        return {}
    ingress = [{"from": [_prometheus(network)], "ports": [{"port": port, "protocol": "TCP"}]}]
    return _policy(environment, "storage", name, namespace, _spec({"matchLabels": pods}, ingress, [_DNS, _AZURE]))


def _policy(environment: Environment, stage: Stage, name: str, namespace: str, spec: dict[str, Any]) -> dict[str, str]:
    policy = manifest("networking.k8s.io/v1", "NetworkPolicy", name, namespace, {"spec": spec})
    return {f"{stage}/manifests/{name}.yaml": to_yaml(environment.name, policy)}


def _specs(
    environment: Environment, cluster: str, release: str, network: Network
) -> Iterator[tuple[str, dict[str, Any]]]:
    own = {"app.kubernetes.io/instance": release}
    own_pods = {"podSelector": {"matchLabels": own}}
    yield (
        "pods",
        _spec(
            {
                "matchLabels": own,
                "matchExpressions": [
                    {"key": "app.kubernetes.io/component", "operator": "NotIn", "values": ["gateway"]}
                ],
            },
            [{"from": [own_pods]}, {"from": [*_readers(network)]}, *_inside(environment, cluster)],
            [{"to": [own_pods]}, _DNS, _AZURE, *_services(environment, cluster)],
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
                            own_pods,
                        ],
                        "ports": [{"port": PORT, "protocol": "TCP"}],
                    }
                ],
                [{"to": [own_pods]}, _DNS],
            ),
        )


def _readers(network: Network) -> Iterator[dict[str, Any]]:
    """Yield who reads every process: checks and metrics."""
    yield _namespace(network.airflow_namespace)
    yield _prometheus(network)


def _prometheus(network: Network) -> dict[str, Any]:
    return {**_namespace(network.prometheus_namespace), "podSelector": {"matchLabels": _PROMETHEUS}}


def _inside(environment: Environment, cluster: str) -> Iterator[dict[str, Any]]:
    """Yield who sends logs without a gateway: the agents, which then connect to the distributors."""
    if environment.clusters[cluster].gateway is None:
        for kind in sorted({agent.kind for agent in environment.agents.values()}):
            agents = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": kind}}}
            yield {"from": [{**_namespace(kubernetes_platform(environment).namespace), **agents}]}


def _services(environment: Environment, cluster: str) -> Iterator[dict[str, Any]]:
    """Yield the ways to the services that a cluster uses: Alertmanagers, Prometheus, caches, the store of the rings."""
    for host, port in sorted({*_addresses(environment, cluster)}):
        parts = host.split(".")
        is_short, is_complete = len(parts) == 1, parts[2:3] == ["svc"]
        # `a.b` is a service and its namespace, or a host such as `example.com`.
        may_be_service = is_short or is_complete or len(parts) == 2
        if may_be_service:
            # The port of a pod may be another one than that of its service.
            yield {"to": [_namespace(environment.namespace(cluster) if is_short else parts[1])]}
        if not is_short and not is_complete:
            yield {"to": _ANYWHERE, "ports": [{"port": port, "protocol": "TCP"}]}


def _addresses(environment: Environment, cluster: str) -> Iterator[tuple[str, int]]:
    """Yield host and port of each service that a cluster uses."""
    declared = environment.clusters[cluster]
    alertmanagers = kubernetes_alertmanager_urls(environment, declared.data)
    if declared.ruler.alertmanager_url:
        alertmanagers = tuple(declared.ruler.alertmanager_url.split(","))
    for url in (*alertmanagers, declared.ruler.prometheus_url):
        if url:
            parts = urlsplit(url)
            yield parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    caches = (cache for cache in (declared.caches.results, declared.caches.chunks) if isinstance(cache, MemcachedCache))
    for address in (*declared.ring.endpoints, *(address for cache in caches for address in cache.addresses)):
        host, _, port = address.rpartition(":")
        yield host, int(port)


def _loki(cluster: str) -> dict[str, str]:
    return {"app.kubernetes.io/instance": f"loki-{cluster}"}


def _spec(pods: dict[str, Any], ingress: list[dict[str, Any]], egress: list[dict[str, Any]]) -> dict[str, Any]:
    return {"podSelector": pods, "policyTypes": ["Ingress", "Egress"], "ingress": ingress, "egress": egress}


def _namespace(name: str) -> dict[str, Any]:
    """Return a selector of a namespace. Kubernetes itself sets this label on each."""
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
