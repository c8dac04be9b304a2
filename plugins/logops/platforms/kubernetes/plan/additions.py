"""Fields that somebody added to an object, and that nothing declares: an apply leaves them as they are. Pure.

A field of a controller is none: it sets the field as its work.
"""

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from logops.platforms.kubernetes.plan.objects import BOOKKEEPING, Object
from logops.platforms.kubernetes.plan.owners import HELM, LOGOPS, FieldOwner, field_sets
from logops.platforms.kubernetes.plan.proposal import Conflict

_IGNORED = {f"f:{name}" for name in (*BOOKKEEPING, "kubectl.kubernetes.io/restartedAt")}
"""Annotations that change nothing that is declared. `kubectl rollout restart` writes the last one."""
_PLAIN = re.compile(r"[\w-]+")
Fields = Mapping[str, Any]
_Steps = tuple[str, ...]


@dataclass(frozen=True)
class Addition:
    """A field that somebody added, with everything below it."""

    steps: _Steps
    """Its path in the words of `managedFields`: `f:spec`, `k:{"name":"loki"}`."""
    owner: FieldOwner

    @property
    def conflict(self) -> Conflict:
        """The field and its owner, as in the answer of the API server to a conflict."""
        return Conflict("".join(map(_step_text, self.steps)), self.owner.manager)


def additions(manifest: Object) -> list[Addition]:
    """Return the fields of an object that neither a rollout nor a controller owns."""
    # Every object has metadata, whoever owns a field of it.
    declared: dict[str, Any] = {"f:metadata": {".": {}}}
    foreign: list[tuple[FieldOwner, Fields]] = []
    for owner, fields in field_sets(manifest):
        if owner.manager in (HELM, LOGOPS) or owner.is_controller:
            _unite(declared, fields)
        elif owner.subresource != "status":
            foreign.append((owner, _without_ignored(fields)))
    return [
        Addition(steps, owner)
        for owner, fields in foreign
        for steps in _added(fields, declared)
        if _has(manifest, steps)
    ]


def without_additions(manifest: Object, found: Sequence[Addition]) -> dict[str, Any]:
    """Return an object without fields that somebody added."""
    result = copy.deepcopy(dict(manifest))
    for addition in found:
        *parents, last = addition.steps
        at: Any = result
        for step in parents:
            at = _below(at, step)
            if at is None:
                break
        else:
            _remove(at, last)
    return result


def _added(fields: Fields, declared: Fields, above: _Steps = ()) -> Iterator[_Steps]:
    for step, below in fields.items():
        if step == ".":
            continue
        if step not in declared:
            yield (*above, step)
        # A field without fields below it is owned as a whole.
        elif below and declared[step]:
            yield from _added(below, declared[step], (*above, step))


def _unite(into: dict[str, Any], fields: Fields) -> None:
    for step, below in fields.items():
        _unite(into.setdefault(step, {}), below)


def _without_ignored(fields: Fields) -> dict[str, Any]:
    """Return fields without annotations that change nothing, and without maps that have nothing else."""
    kept: dict[str, Any] = {}
    for step, below in fields.items():
        if step in _IGNORED:
            continue
        left = _without_ignored(below)
        if below and not left.keys() - {"."} and below.keys() - {"."}:
            continue
        kept[step] = left
    return kept


def _has(manifest: Object, steps: _Steps) -> bool:
    at: Any = manifest
    for step in steps:
        at = _below(at, step)
        if at is None:
            return False
    return True


def _below(at: Any, step: str) -> Any:
    kind, _, key = step.partition(":")
    if kind == "f":
        return at.get(key) if isinstance(at, Mapping) else None
    position = _position(at, kind, key)
    return None if position is None else at[position]


def _remove(at: Any, step: str) -> None:
    kind, _, key = step.partition(":")
    if kind == "f":
        at.pop(key, None)
    elif (position := _position(at, kind, key)) is not None:
        del at[position]


def _position(items: Any, kind: str, key: str) -> int | None:
    """Return the position of an item of a list, by its key fields, its value or its index."""
    if not isinstance(items, list):
        return None
    wanted = json.loads(key)
    if kind == "i":
        return wanted if wanted < len(items) else None
    for position, item in enumerate(items):
        if item == wanted or (kind == "k" and all(item.get(name) == value for name, value in wanted.items())):
            return position
    return None


def _step_text(step: str) -> str:
    """Return a step for people.

    >>> _step_text("f:spec"), _step_text("f:example.com/team"), _step_text('k:{"name":"loki"}')
    ('.spec', '["example.com/team"]', '[loki]')
    """
    kind, _, key = step.partition(":")
    if kind == "f":
        return f".{key}" if _PLAIN.fullmatch(key) else f'["{key}"]'
    value = json.loads(key)
    return f"[{', '.join(map(str, value.values())) if isinstance(value, dict) else value}]"
