"""Changes of fields that the API server never changes: the object must be created again. Pure.

Source: the validation of updates in Kubernetes (pkg/apis/*/validation).
"""

from collections.abc import Sequence

from logops.platforms.kubernetes.plan.compare import ABSENT, Change
from logops.platforms.kubernetes.plan.objects import Object
from logops.platforms.kubernetes.plan.paths import Path

_STATEFUL_SET = {
    "minReadySeconds",
    "ordinals",
    "persistentVolumeClaimRetentionPolicy",
    "replicas",
    "revisionHistoryLimit",
    "template",
    "updateStrategy",
}
"""The fields of a StatefulSet's spec that can be changed."""
_CLAIM = ("resources", "volumeAttributesClassName", "volumeName")
_IMMUTABLE: dict[str, tuple[Path, ...]] = {
    "ClusterRoleBinding": (("roleRef",),),
    "DaemonSet": (("spec", "selector"),),
    "Deployment": (("spec", "selector"),),
    "Job": (("spec", "completionMode"), ("spec", "selector"), ("spec", "template")),
    "PriorityClass": (("preemptionPolicy",), ("value",)),
    "ReplicaSet": (("spec", "selector"),),
    "RoleBinding": (("roleRef",),),
    "Secret": (("type",),),
    "StorageClass": (("parameters",), ("provisioner",), ("reclaimPolicy",), ("volumeBindingMode",)),
}


def immutable_changes(before: Object, changed: Sequence[Change]) -> list[Change]:
    """Return the changes of an existing object that need a new object."""
    return [change for change in changed if _is_immutable(before, change)]


def _is_immutable(before: Object, change: Change) -> bool:
    kind, path = before["kind"], change.path
    match kind:
        case "StatefulSet":
            return path[0] == "spec" and path[1] not in _STATEFUL_SET
        case "PersistentVolumeClaim":
            return path[0] == "spec" and path[1] not in _CLAIM
        case "Service":
            # An address that was not set is given by the server.
            return (
                path[:2] == ("spec", "clusterIP") and change.before not in (ABSENT, "") and change.after is not ABSENT
            )
        case "ConfigMap" | "Secret" if before.get("immutable") is True:
            return path[0] in ("data", "binaryData", "immutable")
    return any(path[: len(immutable)] == immutable for immutable in _IMMUTABLE.get(kind, ()))
