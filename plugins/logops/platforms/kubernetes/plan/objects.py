"""Kubernetes objects as values: their identity, their component, and the part of them that a plan compares. Pure."""

import base64
import binascii
import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Object = Mapping[str, Any]

_WRITTEN_BY_SERVER = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)
BOOKKEEPING = (
    "deployment.kubernetes.io/revision",
    "deprecated.daemonset.template.generation",
    "kubectl.kubernetes.io/last-applied-configuration",
)
"""Annotations that controllers and clients write for themselves."""


@dataclass(frozen=True, order=True)
class ObjectId:
    """The identity of an object, without its API version: the server converts between versions."""

    kind: str
    name: str
    namespace: str = ""
    group: str = ""
    """Group of the API; empty: the core group."""

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def object_id(manifest: Object, namespace: str = "") -> ObjectId:
    """Return the identity of an object. `namespace` is the one of its release, if it names none itself."""
    metadata = manifest["metadata"]
    group, slash, _ = str(manifest["apiVersion"]).rpartition("/")
    return ObjectId(manifest["kind"], metadata["name"], metadata.get("namespace") or namespace, group if slash else "")


def component(manifest: Object) -> str:
    """Return the group of an object in a plan: its release and component, such as `loki / ingester`.

    The labels are those that charts set (kubernetes.io, "Recommended Labels").
    """
    labels = manifest["metadata"].get("labels") or {}
    app = labels.get("app.kubernetes.io/instance") or labels.get("app.kubernetes.io/name") or ""
    part = labels.get("app.kubernetes.io/component") or ""
    return " / ".join(filter(None, (app, part))) or "without component"


def compared(manifest: Object | None) -> dict[str, Any]:
    """Return the part of an object that a plan compares: without status and without the server's own fields.

    The values of a Secret are decoded. An object that does not exist is empty.
    """
    if manifest is None:
        return {}
    kept = {key: copy.deepcopy(value) for key, value in manifest.items() if key != "status"}
    metadata = {key: value for key, value in kept["metadata"].items() if key not in _WRITTEN_BY_SERVER}
    annotations = {
        key: value for key, value in (metadata.pop("annotations", None) or {}).items() if key not in BOOKKEEPING
    }
    kept["metadata"] = {**metadata, **({"annotations": annotations} if annotations else {})}
    for claim in (kept.get("spec") or {}).get("volumeClaimTemplates") or ():
        claim.pop("status", None)
    if is_secret(kept):
        texts = {**{key: _decoded(value) for key, value in (kept.pop("data", None) or {}).items()}}
        texts |= kept.pop("stringData", None) or {}
        if texts:
            kept["data"] = texts
    return kept


def is_secret(manifest: Object) -> bool:
    return manifest.get("kind") == "Secret" and manifest.get("apiVersion") == "v1"


def pod_template(manifest: Object) -> Mapping[str, Any] | None:
    """Return the template of the pods that an object runs; None if it runs none."""
    spec = manifest.get("spec") or {}
    if manifest.get("kind") == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    template = spec.get("template")
    return template if isinstance(template, Mapping) and "spec" in template else None


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return value
