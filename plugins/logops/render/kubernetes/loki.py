"""Render the Helm release of a Loki cluster, and the objects around it that no chart makes."""

from collections.abc import Iterator, Mapping
from typing import Any

from logops.environment.cluster import Cache, Cluster, Component, MemcachedCache, Workload
from logops.environment.gateway import GatewayUser, NginxGateway
from logops.environment.model import Environment
from logops.render.addresses import TENANTS_FOLDER, kubernetes_addresses
from logops.render.agents.promtail import CANARY_LABELS
from logops.render.files import to_yaml
from logops.render.kubernetes.gateway import kubernetes_upstreams, nginx_config
from logops.render.kubernetes.monitors import loki_monitoring
from logops.render.kubernetes.platform import kubernetes_platform
from logops.render.kubernetes.release import Release
from logops.render.kubernetes.secret import SecretSource
from logops.render.kubernetes.values import BaseValues, literal, overlay, quantity, resources
from logops.render.loki import loki_config
from logops.render.topology import PlacementError

_CANARY_PASSWORD = "LOGOPS_CANARY_PASSWORD"
_CHART_KEYS: Mapping[Component, str] = {
    "all": "singleBinary",
    "distributor": "distributor",
    "ingester": "ingester",
    "querier": "querier",
    "query-frontend": "queryFrontend",
    "query-scheduler": "queryScheduler",
    "index-gateway": "indexGateway",
    "compactor": "compactor",
    "ruler": "ruler",
}
_CLAIMS = ("ingester", "compactor")
"""Components whose volumes are a list of claims in the chart. Their flat keys `size` and `storageClass` are ignored."""


def loki_release(environment: Environment, name: str, base: BaseValues) -> Release:
    """Return the release of a cluster. Raises PlacementError if its canary cannot log in."""
    platform = kubernetes_platform(environment)
    chart = platform.charts.loki
    values = overlay(overlay(base["loki"], _values(environment, name)), _login(environment, name))
    return Release(
        loki_release_name(name),
        environment.namespace(name),
        chart.source,
        chart.version,
        chart.digest,
        to_yaml(environment.name, values),
    )


def loki_release_name(cluster: str) -> str:
    """Return the name of a cluster's release. Its services begin with it."""
    return f"loki-{cluster}"


def tenants_object_name(cluster: str) -> str:
    """Return the name of the ConfigMap with a cluster's overrides, which Loki reads again when it changes."""
    return f"{loki_release_name(cluster)}-tenants"


def loki_secrets(environment: Environment, name: str) -> Iterator[SecretSource]:
    """Yield the secrets that a cluster's pods need."""
    cluster, namespace = environment.clusters[name], environment.namespace(name)
    key = environment.storage_accounts[cluster.storage_account].account_key
    if key:
        yield SecretSource(_storage_secret(name), namespace, {key.variable: key})
    if cluster.gateway:
        users = {user: declared.password for user, declared in cluster.gateway.users.items()}
        yield SecretSource(_users_secret(name), namespace, users=users)
        if cluster.canary:
            _, user = _canary_user(name, cluster, cluster.gateway)
            yield SecretSource(_canary_secret(name), namespace, {_CANARY_PASSWORD: user.password})


def _values(environment: Environment, name: str) -> dict[str, Any]:
    cluster = environment.clusters[name]
    platform = kubernetes_platform(environment)
    release = loki_release_name(name)
    config = loki_config(cluster, kubernetes_addresses(environment, name), f"{environment.name}-{name}")
    return {
        **({"global": {"imageRegistry": platform.image_registry}} if platform.image_registry else {}),
        # ConfigMaps have this name. With the chart's own, two clusters in a namespace would overwrite each other's.
        "nameOverride": release,
        "deploymentMode": "Monolithic" if cluster.mode == "single" else "Distributed",
        "loki": {"structuredConfig": literal(config), "auth_enabled": cluster.auth_enabled},
        "defaults": {
            "extraVolumes": [{"name": "tenants", "configMap": {"name": tenants_object_name(name)}}],
            "extraVolumeMounts": [{"name": "tenants", "mountPath": TENANTS_FOLDER, "readOnly": True}],
        },
        **{_CHART_KEYS[component]: _workload(component, workload) for component, workload in _loki_workloads(cluster)},
        "chunksCache": _cache(cluster.caches.chunks),
        "resultsCache": _cache(cluster.caches.results),
        **({"gateway": _gateway(environment, name, cluster.gateway)} if cluster.gateway else {}),
        **({"lokiCanary": _canary(name, cluster)} if cluster.canary else {}),
        **loki_monitoring(environment, name),
    }


def _loki_workloads(cluster: Cluster) -> Iterator[tuple[Component, Workload]]:
    for component, workload in cluster.components.items():
        if component != "gateway":
            yield component, workload


def _login(environment: Environment, name: str) -> dict[str, Any]:
    """Return how Loki logs in to its storage account: as a managed identity if there is one, else with a key."""
    account = environment.storage_accounts[environment.clusters[name].storage_account]
    if account.workload_identity_client_id:
        return {
            "serviceAccount": {
                "annotations": {"azure.workload.identity/client-id": account.workload_identity_client_id}
            },
            "defaults": {"podLabels": {"azure.workload.identity/use": "true"}},
        }
    return {"defaults": {"extraEnvFrom": [{"secretRef": {"name": _storage_secret(name)}}]}}


def _workload(component: Component, workload: Workload) -> dict[str, Any]:
    values: dict[str, Any] = {"replicas": workload.replicas}
    if declared := resources(workload.resources):
        values["resources"] = declared
    if volume := workload.volume:
        size = {"size": quantity(volume.size), "storageClass": volume.storage_class}
        claim = {"name": "data", "accessModes": ["ReadWriteOnce"], **size}
        values["persistence"] = {"enabled": True, **({"claims": [claim]} if component in _CLAIMS else size)}
    elif component == "all":
        values["persistence"] = {"enabled": False}
    return values


def _cache(cache: Cache | None) -> dict[str, Any]:
    if not isinstance(cache, MemcachedCache) or cache.addresses:
        return {"enabled": False}
    # The chart requests 1.2 times the memory that Memcached may use, and sets no lower limit.
    return {"enabled": True, "replicas": cache.replicas, "allocatedMemory": max(1, int(cache.memory.mib / 1.2))}


def _gateway(environment: Environment, name: str, gateway: NginxGateway) -> dict[str, Any]:
    cluster = environment.clusters[name]
    workload = cluster.components.get("gateway", Workload())
    upstreams = kubernetes_upstreams(cluster, loki_release_name(name), environment.namespace(name))
    paths = ("/loki/api/v1", "/otlp/v1/logs", "/prometheus/api/v1")
    return {
        "enabled": True,
        "replicas": workload.replicas,
        **({"resources": declared} if (declared := resources(workload.resources)) else {}),
        "basicAuth": {"enabled": True, "existingSecret": _users_secret(name)},
        "nginxConfig": {"file": literal(nginx_config(gateway.users, upstreams))},
        "ingress": {
            "enabled": True,
            "ingressClassName": gateway.ingress_class,
            "hosts": [
                {"host": gateway.host, "paths": [{"path": path, "pathType": "Prefix"} for path in paths]},
            ],
            "tls": [{"secretName": gateway.tls_secret_name, "hosts": [gateway.host]}],
        },
    }


def _canary(name: str, cluster: Cluster) -> dict[str, Any]:
    assert cluster.canary  # The caller checked it.
    if cluster.gateway is None:
        raise PlacementError(
            f"clusters.{name}.canary: on Kubernetes the canary connects to the gateway, and there is none. "
            "Set gateway, or remove canary"
        )
    user, _ = _canary_user(name, cluster, cluster.gateway)
    return {
        "enabled": True,
        # The chart puts the password into the command. Kubernetes replaces the variable when the pod starts.
        "tenant": {"name": cluster.canary.tenant, "password": f"$({_CANARY_PASSWORD})"},
        "extraArgs": [
            f"-user={user}",
            f"-interval={cluster.canary.interval.go}",
            # Its lines have the same label `job` as on the local platform. The chart adds the label `pod`.
            "-streamname=job",
            f"-streamvalue={CANARY_LABELS['job']}",
        ],
        "extraEnv": [
            {
                "name": _CANARY_PASSWORD,
                "valueFrom": {"secretKeyRef": {"name": _canary_secret(name), "key": _CANARY_PASSWORD}},
            }
        ],
    }


def _canary_user(name: str, cluster: Cluster, gateway: NginxGateway) -> tuple[str, GatewayUser]:
    assert cluster.canary  # The caller checked it.
    for user, declared in gateway.users.items():
        if declared.tenants == (cluster.canary.tenant,) and {*declared.access} == {"read", "write"}:
            return user, declared
    raise PlacementError(
        f"clusters.{name}.gateway.users: the canary of tenant {cluster.canary.tenant} cannot log in. "
        f"Add a user with tenants: [{cluster.canary.tenant}] and access: [read, write]"
    )


def _storage_secret(cluster: str) -> str:
    return f"{loki_release_name(cluster)}-storage"


def _users_secret(cluster: str) -> str:
    return f"{loki_release_name(cluster)}-users"


def _canary_secret(cluster: str) -> str:
    return f"{loki_release_name(cluster)}-canary"
