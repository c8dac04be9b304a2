"""Render the server of logops' own metrics: `logops metrics`, for the Prometheus that notices a dead Airflow."""

from typing import Any

from logops.environment.cluster import AUDIENCES, Data
from logops.environment.kubernetes import MetricsServer
from logops.environment.model import Environment
from logops.render.files import to_yaml
from logops.render.kubernetes.manifest import manifest
from logops.render.kubernetes.monitors import audience_labels
from logops.render.kubernetes.network import metrics_policy
from logops.render.kubernetes.platform import kubernetes_platform
from logops.render.prometheus import INTERVAL

NAME = "logops-metrics"
PORT = 9100
_POD = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/component": "metrics"}
_USER = 50_000
"""Number of the user `airflow` of the image. Kubernetes cannot tell whether a user with a name is root."""


def metrics_texts(environment: Environment) -> dict[str, str]:
    """Return the objects of the server; none if the environment asks for none."""
    platform = kubernetes_platform(environment)
    server = platform.metrics
    if server is None:
        return {}
    account = manifest("v1", "ServiceAccount", NAME, platform.namespace, {}, _POD)
    account["metadata"]["annotations"] = {"azure.workload.identity/client-id": server.workload_identity_client_id}
    objects = [
        account,
        manifest("apps/v1", "Deployment", NAME, platform.namespace, {"spec": _deployment(environment, server)}, _POD),
        manifest("v1", "Service", NAME, platform.namespace, {"spec": _service()}, _POD),
        *(_monitor(environment, audience) for audience in _scraping(environment)),
    ]
    texts = {
        f"storage/manifests/{each['metadata']['name']}-{each['kind'].lower()}.yaml": to_yaml(environment.name, each)
        for each in objects
    }
    return {**texts, **metrics_policy(environment, NAME, platform.namespace, _POD, PORT)}


def _deployment(environment: Environment, server: MetricsServer) -> dict[str, Any]:
    page = {"httpGet": {"path": "/metrics", "port": "http"}}
    container = {
        "name": "logops",
        "image": server.image,
        "command": ["dumb-init", "--", "logops"],
        "args": ["metrics", environment.name, "--serve", str(PORT), "--listen", "0.0.0.0"],
        "ports": [{"name": "http", "containerPort": PORT}],
        # The file system is read-only, and DuckDB and Azure's client keep files in the home folder.
        "env": [{"name": "HOME", "value": "/tmp"}],
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
        "resources": {"requests": {"cpu": "50m", "memory": "200Mi"}, "limits": {"memory": "512Mi"}},
        # The first page reads the results store, which may take a while.
        "startupProbe": {**page, "timeoutSeconds": 60, "periodSeconds": 10, "failureThreshold": 18},
        "livenessProbe": {"tcpSocket": {"port": "http"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    return {
        "replicas": 1,
        "selector": {"matchLabels": _POD},
        "template": {
            "metadata": {"labels": {**_POD, "azure.workload.identity/use": "true"}},
            "spec": {
                "serviceAccountName": NAME,
                # It never talks to the API server. The login to Azure has a token of its own.
                "automountServiceAccountToken": False,
                "securityContext": {
                    "runAsNonRoot": True,
                    "runAsUser": _USER,
                    "runAsGroup": _USER,
                    "fsGroup": _USER,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [container],
                "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}}],
            },
        },
    }


def _service() -> dict[str, Any]:
    return {"selector": _POD, "ports": [{"name": "http", "port": PORT, "targetPort": "http"}]}


def _scraping(environment: Environment) -> list[Data]:
    """Return the audiences whose Prometheus scrapes the server."""
    if not kubernetes_platform(environment).prometheus_operator:
        return []
    existing = {cluster.data for cluster in environment.clusters.values()}
    return [audience for audience in AUDIENCES if audience in existing]


def _monitor(environment: Environment, audience: Data) -> dict[str, Any]:
    """Return the ServiceMonitor of an audience: each Prometheus has a page of its own."""
    suffix = "" if audience == "standard" else f"-{audience}"
    labels = {"environment": environment.name, "component": "logops", "instance": "metrics"}
    endpoint = {
        "port": "http",
        "path": f"/metrics{suffix.replace('-', '/')}",
        "interval": INTERVAL,
        "scrapeTimeout": "10s",
        "relabelings": [{"targetLabel": label, "replacement": value} for label, value in labels.items()],
    }
    return manifest(
        "monitoring.coreos.com/v1",
        "ServiceMonitor",
        f"{NAME}{suffix}",
        kubernetes_platform(environment).namespace,
        {"spec": {"selector": {"matchLabels": _POD}, "endpoints": [endpoint]}},
        audience_labels(audience),
    )
