"""Where the parts of one cluster find each other: all that differs between a configuration here and on Kubernetes."""

from collections.abc import Mapping
from dataclasses import dataclass

from logops.environment.base import SecretRef
from logops.environment.model import Environment
from logops.render.topology import HOST, Topology


@dataclass(frozen=True)
class Addresses:
    """What a cluster's configuration says of the place it runs in."""

    listen: str
    """Address to listen on and, where `advertise` is set, to tell the others."""
    advertise: str | None
    compactor: str
    scheduler: str
    index_gateway: str
    querier: str
    seeds: tuple[str, ...]
    """Members of the memberlist to join."""
    data: str
    """Folder of the process's volume; Loki expands variables in it."""
    process: str | None
    """Id in the rings; None: the host's name."""
    overrides_file: str
    prometheus: str | None
    """Where the ruler sends what it records."""
    azure: Mapping[str, str]
    """How Loki's object storage client logs in: keys of `object_store.azure`, without the container."""


def local_addresses(place: Topology, cluster: str) -> Addresses:
    """Ports on 127.0.0.1; folders and ids by variables that supervisord sets for each process."""
    account = place.environment.clusters[cluster].storage_account
    return Addresses(
        listen=HOST,
        advertise=HOST,
        compactor=place.of(cluster, "compactor")[0].grpc,
        scheduler=place.of(cluster, "query-scheduler")[0].grpc,
        index_gateway=place.of(cluster, "index-gateway")[0].grpc,
        querier=place.of(cluster, "querier")[0].url,
        seeds=tuple(process.gossip for process in place.of(cluster, "ingester")[:3]),
        data="${LOGOPS_DATA}",
        process="${LOGOPS_PROCESS}",
        overrides_file=str(place.live(f"tenants/{cluster}.yaml")),
        prometheus=place.prometheus_url(cluster),
        azure=_azurite(place, account),
    )


def kubernetes_addresses(environment: Environment, cluster: str) -> Addresses:
    """Service names as the Helm chart gives them, one release `loki-CLUSTER` a cluster."""
    release = f"loki-{cluster}"
    account = environment.storage_accounts[environment.clusters[cluster].storage_account]
    azure = {"account_name": account.account_name, "endpoint_suffix": account.endpoint_suffix}
    if account.account_key:
        azure["account_key"] = f"${{{account.account_key.variable}}}"
    return Addresses(
        listen="0.0.0.0",
        advertise=None,
        compactor=f"{release}-compactor:9095",
        scheduler=f"{release}-query-scheduler:9095",
        index_gateway=f"dns+{release}-index-gateway-headless:9095",
        querier=f"http://{release}-querier:3100",
        seeds=(f"{release}-memberlist",),
        data="/var/loki",
        process=None,
        overrides_file="/etc/loki/runtime-config/runtime-config.yaml",
        prometheus=environment.clusters[cluster].ruler.prometheus_url,
        azure=azure,
    )


_HTTP = 3100


def kubernetes_urls(environment: Environment, cluster: str) -> dict[str, str]:
    """Addresses of a cluster's processes that have one of their own there: those of its StatefulSets, by name
    (`main-ingester-0`), below the headless service of each. The others are behind a service that picks one."""
    own = environment.clusters[cluster]
    return {
        f"{cluster}-{component}-{number}": _pod(environment, cluster, component, number)
        for component, workload in own.components.items()
        if component in _STATEFUL
        for number in range(workload.replicas)
    }


_STATEFUL = ("ingester", "compactor", "index-gateway", "ruler", "all")


def _pod(environment: Environment, cluster: str, component: str, number: int) -> str:
    service = f"loki-{cluster}" if component == "all" else f"loki-{cluster}-{component}"
    return f"http://{service}-{number}.{service}-headless.{_namespace(environment)}.svc:{_HTTP}"


def kubernetes_read_url(environment: Environment, cluster: str) -> str:
    """Where queries go: the gateway that users see, where there is one."""
    own = environment.clusters[cluster]
    if own.gateway:
        return f"https://{own.gateway.host}"
    service = f"loki-{cluster}" if own.mode == "single" else f"loki-{cluster}-query-frontend"
    return f"http://{service}.{_namespace(environment)}.svc:{_HTTP}"


def _namespace(environment: Environment) -> str:
    return environment.platform.namespace if environment.platform.kind == "kubernetes" else "default"


def _azurite(place: Topology, name: str) -> dict[str, str]:
    account = place.environment.storage_accounts[name]
    key = key_of(place.environment, name)
    return {
        "account_name": account.account_name,
        "connection_string": (
            f"DefaultEndpointsProtocol=http;AccountName={account.account_name};"
            f"AccountKey=${{{key.variable}}};BlobEndpoint={place.blob_endpoint(name)};"
        ),
    }


def key_of(environment: Environment, account: str) -> SecretRef:
    """The reference to an account's key. Raises ValueError where the account logs in otherwise: Azurite cannot."""
    key = environment.storage_accounts[account].account_key
    if key is None:
        raise ValueError(f"storage_accounts.{account}: Azurite knows account keys only; give it an account_key")
    return key
