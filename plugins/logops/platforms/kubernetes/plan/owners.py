"""Who owns the fields of an object, from its `managedFields`. Pure.

The format is that of server-side apply (kubernetes.io/docs/reference/using-api/server-side-apply, "Managed fields").
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from logops.platforms.kubernetes.plan.objects import Object
from logops.platforms.kubernetes.plan.paths import Document, Item, Order, Path

_CONTROLLERS = re.compile(
    r"kube-controller-manager|kube-scheduler|kube-apiserver|kubelet|cloud-controller-manager|cluster-autoscaler|vpa-.*"
    r"|rollout-operator|keda.*|.*-controller|.*-operator|azure-workload-identity.*|kwok.*"
)
"""Programs that set fields as their work. An edit by a person has another manager."""
_RESTARTED_AT = "f:kubectl.kubernetes.io/restartedAt"
"""`kubectl rollout restart` writes this annotation. It changes nothing that is declared."""


@dataclass(frozen=True)
class FieldOwner:
    """The program that set a field, as it calls itself: `helm`, `kubectl-edit`, ..."""

    manager: str
    at: datetime | None = None
    subresource: str = ""
    """`scale` if the field was set by scaling."""

    def __str__(self) -> str:
        scaled = f" ({self.subresource})" if self.subresource else ""
        return f"{self.manager}{scaled}" + (f", {self.at:%Y-%m-%d %H:%M:%S} UTC" if self.at else "")

    @property
    def is_controller(self) -> bool:
        return _CONTROLLERS.fullmatch(self.manager) is not None


def owners(manifest: Object | None, path: Path) -> list[FieldOwner]:
    """Return who owns the setting at a path, the newest first."""
    entries = [entry for entry in _entries(manifest) if _is_owned(entry.get("fieldsV1") or {}, path)]
    return sorted(map(_owner, entries), key=lambda owner: owner.at.timestamp() if owner.at else 0, reverse=True)


def foreign_fields(manifest: Object, ours: str) -> Iterator[tuple[str, FieldOwner]]:
    """Yield the fields that neither `ours` nor a controller set, as paths like `.spec.replicas`, with their owner."""
    for entry in _entries(manifest):
        owner = _owner(entry)
        if owner.manager == ours or owner.is_controller or owner.subresource == "status":
            continue
        for field in _fields(entry.get("fieldsV1") or {}, ""):
            yield field, owner


def _entries(manifest: Object | None) -> list[Mapping[str, Any]]:
    return list(manifest["metadata"].get("managedFields") or ()) if manifest else []


def _owner(entry: Mapping[str, Any]) -> FieldOwner:
    at = entry.get("time")
    time = datetime.fromisoformat(at) if isinstance(at, str) else at
    return FieldOwner(entry.get("manager") or "an unnamed program", time, entry.get("subresource") or "")


def _is_owned(fields: Mapping[str, Any], path: Path) -> bool:
    """Whether a set of fields has the setting at a path, or the list or map that contains it."""
    for step in path:
        if isinstance(step, Document | Order):
            return True
        below = _below(fields, step)
        if below is None:
            # A list without keys, and a map that is set as a whole, have no fields below.
            return not fields
        fields = below
    return True


def _below(fields: Mapping[str, Any], step: object) -> Mapping[str, Any] | None:
    if isinstance(step, str):
        return fields.get(f"f:{step}")
    for name, below in fields.items():
        if name.startswith("k:") and isinstance(step, Item):
            key = json.loads(name[2:])
            if step.field in key and key[step.field] == step.value:
                return below if isinstance(below, Mapping) else None
        if name == f"i:{step}":
            return below if isinstance(below, Mapping) else None
    return None


def _fields(fields: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield the paths of the fields that have none below them."""
    below = {name: value for name, value in fields.items() if name != "."}
    if not below:
        yield path or "."
    for name, value in below.items():
        if name == _RESTARTED_AT:
            continue
        kind, _, key = name.partition(":")
        if kind == "f":
            step = f".{key}" if re.fullmatch(r"[\w-]+", key) else f'["{key}"]'
        elif kind == "k":
            step = f"[{', '.join(str(part) for part in json.loads(key).values())}]"
        else:
            step = f"[{key}]"
        yield from _fields(value, f"{path}{step}")
