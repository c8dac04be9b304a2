"""Kubernetes objects for tests of the plan, as an API server returns them."""

import base64
from typing import Any

LABELS = {"app.kubernetes.io/instance": "loki", "app.kubernetes.io/name": "loki"}


def manifest(kind: str, name: str, *, part: str = "", api: str = "v1", **fields: Any) -> dict[str, Any]:
    labels = {**LABELS, **({"app.kubernetes.io/component": part} if part else {})}
    metadata = {"name": name, "namespace": "monitoring", "labels": labels}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **fields}


def config_map(name: str = "loki", **data: str) -> dict[str, Any]:
    return manifest("ConfigMap", name, data=data)


def secret(name: str = "loki-azure", **data: str) -> dict[str, Any]:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return manifest("Secret", name, data=encoded, type="Opaque")


def workload(
    kind: str = "StatefulSet",
    name: str = "loki-ingester",
    *,
    part: str = "ingester",
    replicas: int = 3,
    image: str = "grafana/loki:3.7.6",
    memory: str = "1Gi",
    pod: dict[str, Any] | None = None,
    **spec: Any,
) -> dict[str, Any]:
    container = {"name": "loki", "image": image, "resources": {"requests": {"memory": memory, "cpu": "100m"}}}
    labels = {**LABELS, "app.kubernetes.io/component": part}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], **(pod or {})}}
    return manifest(kind, name, part=part, api="apps/v1", spec={"replicas": replicas, "template": template, **spec})


def claim(size: str = "10Gi", storage_class: str = "fast") -> list[dict[str, Any]]:
    return [
        {
            "metadata": {"name": "data"},
            "spec": {"storageClassName": storage_class, "resources": {"requests": {"storage": size}}},
        }
    ]


def apart() -> dict[str, Any]:
    """Return the part of a pod that forbids two of a workload on one node."""
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": LABELS}}
    return {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}


def node(name: str, *, cpu: str = "4", memory: str = "16Gi", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "spec": spec,
        "status": {"allocatable": {"cpu": cpu, "memory": memory}},
    }
