"""The addresses of a cluster's processes: the only difference between local and Kubernetes configurations."""

from collections.abc import Mapping
from dataclasses import dataclass

from logops.environment.base import SecretRef
from logops.environment.cluster import Data
from logops.environment.model import Environment
from logops.render.alertmanager import alertmanagers, own_alertmanagers
from logops.render.topology import HOST, Topology


@dataclass(frozen=True)
class Addresses:
    """Addresses, folders and logins in a cluster's configuration that depend on the platform."""

    listen: str
    """Address on which processes listen."""
    advertise: str | None
    """Address that processes advertise to each other; None: Loki chooses it."""
    compactor: str
    scheduler: str
    index_gateway: str
    querier: str
    seeds: tuple[str, ...]
    """Memberlist members that a process joins."""
    data: str
    """Folder of the process's volume. Loki expands variables in it."""
    process: str | None
    """Id in the hash rings; None: the host name."""
    overrides_file: str
    prometheus: str | None
    """URL of the Prometheus to which the ruler writes recorded series."""
    alertmanagers: tuple[str, ...]
    """URLs of the Alertmanagers to which the ruler sends alerts."""
    results_cache: str
    """Address of the cluster's own Memcached for results; empty: it has none."""
    chunks_cache: str
    azure: Mapping[str, str]
    """Login of Loki's object storage client: the keys of `object_store.azure`, without the container."""


def local_addresses(topology: Topology, cluster: str) -> Addresses:
    """Return addresses on 127.0.0.1. Folders and ids are variables that supervisord sets for each process."""
    account = topology.environment.clusters[cluster].storage_account
    return Addresses(
        listen=HOST,
        advertise=HOST,
        compactor=topology.of(cluster, "compactor")[0].grpc,
        scheduler=topology.of(cluster, "query-scheduler")[0].grpc,
        index_gateway=topology.of(cluster, "index-gateway")[0].grpc,
        querier=topology.of(cluster, "querier")[0].url,
        seeds=tuple(process.gossip for process in topology.of(cluster, "ingester")[:3]),
        data="${LOGOPS_DATA}",
        process="${LOGOPS_PROCESS}",
        overrides_file=str(topology.live(f"tenants/{cluster}.yaml")),
        prometheus=topology.prometheus_url(cluster),
        alertmanagers=topology.alertmanager_urls(topology.environment.clusters[cluster].data),
        results_cache="",
        chunks_cache="",
        azure=_azurite(topology, account),
    )


def kubernetes_addresses(environment: Environment, cluster: str) -> Addresses:
    """Return the service names of the Helm chart. Each cluster is a release `loki-CLUSTER`."""
    release = f"loki-{cluster}"
    account = environment.storage_accounts[environment.clusters[cluster].storage_account]
    azure = {"account_name": account.account_name, "endpoint_suffix": account.endpoint_suffix}
    if account.account_key:
        azure["account_key"] = f"${{{account.account_key.variable}}}"
    return Addresses(
        listen="0.0.0.0",
        advertise=None,
        compactor=f"{release}:9095" if environment.clusters[cluster].mode == "single" else f"{release}-compactor:9095",
        scheduler=f"{release}-query-scheduler:9095",
        index_gateway=f"dns+{release}-index-gateway-headless:9095",
        querier=f"http://{release}-querier:3100",
        seeds=(f"{release}-memberlist",),
        data="/var/loki",
        process=None,
        overrides_file=f"{TENANTS_FOLDER}/{TENANTS_FILE}",
        prometheus=environment.clusters[cluster].ruler.prometheus_url,
        alertmanagers=kubernetes_alertmanager_urls(environment, environment.clusters[cluster].data),
        results_cache=f"{release}-results-cache:{_MEMCACHED}",
        chunks_cache=f"{release}-chunks-cache:{_MEMCACHED}",
        azure=azure,
    )


_HTTP, _MEMCACHED = 3100, 11211
CANARY_PORT = 3500
TENANTS_FOLDER, TENANTS_FILE = "/etc/loki/tenants", "overrides.yaml"
"""Where a cluster's overrides are in its pods on Kubernetes."""


def kubernetes_urls(environment: Environment, cluster: str) -> dict[str, str]:
    """Return the URLs of the processes of a cluster's StatefulSets, by name (`main-ingester-0`).

    Only these processes have separate addresses, below a headless service. The others are behind load balancing.
    """
    components = environment.clusters[cluster].components
    return {
        f"{cluster}-{component}-{number}": kubernetes_pod_url(
            f"{service}-{number}", f"{service}-headless", environment.namespace(cluster)
        )
        for component, workload in components.items()
        if component in _STATEFUL
        for service in (_service(cluster, component),)
        for number in range(workload.replicas)
    }


_STATEFUL = ("ingester", "compactor", "index-gateway", "ruler", "all")
STATELESS = ("distributor", "querier", "query-frontend", "query-scheduler")
"""Components of Loki whose pods have no address of their own."""


def kubernetes_pod_url(pod: str, service: str, namespace: str, port: int = _HTTP) -> str:
    """Return the URL of a pod of a StatefulSet, which has a name below its headless service."""
    return f"http://{pod}.{service}.{namespace}.svc:{port}"


def kubernetes_ruler_url(environment: Environment, cluster: str) -> str:
    """Return the URL of a cluster's ruler."""
    component = "all" if environment.clusters[cluster].mode == "single" else "ruler"
    return f"http://{_service(cluster, component)}.{environment.namespace(cluster)}.svc:{_HTTP}"


def _service(cluster: str, component: str) -> str:
    return f"loki-{cluster}" if component == "all" else f"loki-{cluster}-{component}"


def kubernetes_distributors_url(environment: Environment, cluster: str) -> str:
    """Return the URL of the headless service of a cluster's distributors, or of its single binaries."""
    service = f"loki-{cluster}" if environment.clusters[cluster].mode == "single" else f"loki-{cluster}-distributor"
    return f"http://{service}-headless.{environment.namespace(cluster)}.svc:{_HTTP}"


def kubernetes_read_url(environment: Environment, cluster: str) -> str:
    """Return the URL for queries: the gateway if there is one, else the query frontend."""
    declared = environment.clusters[cluster]
    if declared.gateway:
        return f"https://{declared.gateway.host}"
    return kubernetes_query_frontend_url(environment, cluster)


def kubernetes_query_frontend_url(environment: Environment, cluster: str) -> str:
    """Return the URL of a cluster's query frontend, which believes the tenant in a request."""
    component = "all" if environment.clusters[cluster].mode == "single" else "query-frontend"
    return f"http://{_service(cluster, component)}.{environment.namespace(cluster)}.svc:{_HTTP}"


def kubernetes_gateway_url(environment: Environment, cluster: str) -> str | None:
    """Return the URL of a cluster's gateway behind the ingress; None: it has none."""
    if environment.clusters[cluster].gateway is None:
        return None
    return f"http://loki-{cluster}-gateway.{environment.namespace(cluster)}.svc:80"


def kubernetes_write_url(environment: Environment, cluster: str) -> str:
    """Return the URL for pushes: the gateway if there is one, else the distributors."""
    declared = environment.clusters[cluster]
    if declared.gateway:
        return f"https://{declared.gateway.host}"
    service = f"loki-{cluster}" if declared.mode == "single" else f"loki-{cluster}-distributor"
    return f"http://{service}.{environment.namespace(cluster)}.svc:{_HTTP}"


ALERTMANAGER_REPLICAS = 2


def alertmanager_release(environment: Environment, audience: Data) -> tuple[str, str]:
    """Return release and namespace of an Alertmanager that logops runs on Kubernetes."""
    if audience == "security":
        name = next(name for name, cluster in environment.clusters.items() if cluster.data == "security")
        return "alertmanager-security", environment.namespace(name)
    return "alertmanager", environment.platform.namespace if environment.platform.kind == "kubernetes" else ""


def kubernetes_alertmanager_urls(environment: Environment, audience: Data) -> tuple[str, ...]:
    """Return the address of every replica of an Alertmanager; none: nobody is told."""
    if audience in own_alertmanagers(environment):
        release, namespace = alertmanager_release(environment, audience)
        return tuple(
            f"http://{release}-{number}.{release}-headless.{namespace}.svc:9093"
            for number in range(ALERTMANAGER_REPLICAS)
        )
    declared = alertmanagers(environment).get(audience)
    return declared.urls if declared else ()


def _azurite(topology: Topology, name: str) -> dict[str, str]:
    account = topology.environment.storage_accounts[name]
    key = key_of(topology.environment, name)
    return {
        "account_name": account.account_name,
        "connection_string": (
            f"DefaultEndpointsProtocol=http;AccountName={account.account_name};"
            f"AccountKey=${{{key.variable}}};BlobEndpoint={topology.blob_endpoint(name)};"
        ),
    }


def key_of(environment: Environment, account: str) -> SecretRef:
    """Return the reference to an account's key. Raises ValueError if it has no key: Azurite requires one."""
    key = environment.storage_accounts[account].account_key
    if key is None:
        raise ValueError(
            f"storage_accounts.{account}: it has no account_key, and Azurite accepts only account keys. Set account_key"
        )
    return key
