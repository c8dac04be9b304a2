"""Who owns the fields of an object, from its `managedFields`. Pure.

The format is that of server-side apply (kubernetes.io/docs/reference/using-api/server-side-apply, "Managed fields").
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from logops.platforms.kubernetes.plan.objects import Object

HELM = "helm"
LOGOPS = "logops"
"""The name with which logops owns the fields of objects that no chart makes."""
_CONTROLLERS = re.compile(
    # Kubernetes, its cloud providers and its drivers of volumes.
    r"kube-controller-manager|kube-scheduler|kube-apiserver|kubelet|.*-controller-manager|csi-.*|external-(provisioner|"
    r"resizer|attacher|snapshotter)"
    # Scaling.
    r"|horizontal-pod-autoscaler|cluster-autoscaler|vpa-.*|keda.*|rollout-operator"
    # Operators. `manager` is the name of a program that its author did not name.
    r"|.*-controller|.*-operator|PrometheusOperator|manager|cert-manager.*|azure-workload-identity.*|kwok.*"
)
"""Programs that set fields as their work. An edit by a person has another manager."""


@dataclass(frozen=True)
class FieldOwner:
    """The program that set a field, as it calls itself: `helm`, `kubectl-edit`, ..."""

    manager: str
    subresource: str = ""
    """`scale` if the field was set by scaling."""

    @property
    def is_controller(self) -> bool:
        return is_controller(self.manager)


def is_controller(manager: str) -> bool:
    """Return whether the manager of a field is a program that sets fields as its work."""
    return _CONTROLLERS.fullmatch(manager) is not None


def field_sets(manifest: Object) -> Iterator[tuple[FieldOwner, Mapping[str, Any]]]:
    """Yield each owner of fields of an object with the fields that it owns."""
    for entry in manifest["metadata"].get("managedFields") or ():
        yield (
            FieldOwner(entry.get("manager") or "an unnamed program", entry.get("subresource") or ""),
            entry.get("fieldsV1") or {},
        )
