"""Compare two states of an object setting by setting. Items of lists are compared by name. Pure."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from logops.platforms.kubernetes.plan.embedded import document, is_document
from logops.platforms.kubernetes.plan.paths import Document, Item, Order, Path


class Absent(Enum):
    """The value of a setting that is not set. It differs from `null`."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT
_NAMES = ("name", "mountPath", "containerPort", "port", "key", "topologyKey", "host", "ip", "type", "job_name", "from")
"""Fields that name the items of a list, in this order. The first that fits all items of both lists is used."""
_CLAIM = "metadata.name"
"""Name of the items of `volumeClaimTemplates`."""


@dataclass(frozen=True)
class Change:
    """A setting that differs."""

    path: Path
    before: Any
    """`ABSENT` if it was not set."""
    after: Any
    """`ABSENT` if it is not set any more."""


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return the settings that differ between two states of an object, as `objects.compared` returns them."""
    kind = str(after.get("kind") or before.get("kind") or "")
    return tuple(_changes((), before, after, kind))


def with_changes(before: Mapping[str, Any], changed: Sequence[Change]) -> dict[str, Any]:
    """Return a state of an object with changes made. The text of an embedded YAML document is its parsed value then."""
    state: Any = copy.deepcopy(dict(before))
    for change in changed:
        state = _with(state, change.path, change.after)
    result: dict[str, Any] = state
    return result


def merged(before: Any, rendered: Any) -> Any:
    """Return `rendered`, with the settings that only `before` has: they are defaults of the server."""
    if isinstance(before, Mapping) and isinstance(rendered, Mapping):
        return {**before, **{key: merged(before.get(key), value) for key, value in rendered.items()}}
    if isinstance(before, list) and isinstance(rendered, list) and (field := name_field(before, rendered)):
        by_name = {name_of_item(item, field): item for item in before}
        return [merged(by_name.get(name_of_item(item, field)), item) for item in rendered]
    return rendered


def name_of_item(item: Mapping[str, Any], field: str) -> Any:
    """Return the value of the field that names the item of a list."""
    return (item.get("metadata") or {}).get("name") if field == _CLAIM else item.get(field)


def name_field(*lists: Sequence[Any]) -> str | None:
    """Return the field that names each item of these lists; None if no field does."""
    if not any(lists) or not all(isinstance(item, Mapping) for items in lists for item in items):
        return None
    for field in (*_NAMES, _CLAIM):
        names = [[_name_or_none(item, field) for item in items] for items in lists]
        if all(None not in of_list and len(set(of_list)) == len(of_list) for of_list in names):
            return field
    return None


def _name_or_none(item: Mapping[str, Any], field: str) -> str | int | None:
    if field == _CLAIM and not isinstance(item.get("metadata"), Mapping):
        return None
    name = name_of_item(item, field)
    return name if isinstance(name, str | int) and not isinstance(name, bool) else None


def _changes(path: Path, before: Any, after: Any, kind: str) -> Iterator[Change]:
    if _same(before, after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}, key=str):
            yield from _changes((*path, key), before.get(key, ABSENT), after.get(key, ABSENT), kind)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _changes_of_list(path, before, after, kind)
    elif is_document(path, kind):
        yield from _changes_of_text(path, before, after, kind)
    else:
        yield Change(path, before, after)


def _changes_of_text(path: Path, before: Any, after: Any, kind: str) -> Iterator[Change]:
    documents = document(before), document(after)
    settings = [] if None in documents else list(_changes((*path, Document()), *documents, kind))
    # Only comments, quotes or the order of keys differ, or it is no YAML: the text is the change.
    yield from settings or [Change(path, before, after)]


def _changes_of_list(path: Path, before: list[Any], after: list[Any], kind: str) -> Iterator[Change]:
    # A name could be the value of a setting in a Secret.
    field = None if kind == "Secret" else name_field(before, after)
    if field is None:
        yield from _changes_by_position(path, before, after, kind)
        return
    old, new = ({_name_or_none(item, field): item for item in items} for items in (before, after))
    for name in (*old, *(name for name in new if name not in old)):
        if name is not None:
            yield from _changes((*path, Item(field, name)), old.get(name, ABSENT), new.get(name, ABSENT), kind)
    expected = (*(name for name in old if name in new), *(name for name in new if name not in old))
    if expected != tuple(new):
        yield Change((*path, Order()), expected, tuple(new))


def _changes_by_position(path: Path, before: list[Any], after: list[Any], kind: str) -> Iterator[Change]:
    if not all(isinstance(item, Mapping | list) for item in (*before, *after)):
        yield Change(path, before, after)
        return
    for position, (old, new) in enumerate(zip(before, after, strict=False)):
        yield from _changes((*path, position), old, new, kind)
    for position in range(len(before), len(after)):
        yield Change((*path, position), ABSENT, after[position])
    # The last first, so that the positions of the others stay valid.
    for position in range(len(before) - 1, len(after) - 1, -1):
        yield Change((*path, position), before[position], ABSENT)


def _same(before: Any, after: Any) -> bool:
    """Whether two values are equal. Unlike `==`, `true` is not 1."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return before.keys() == after.keys() and all(_same(value, after[key]) for key, value in before.items())
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(_same, before, after))
    return bool(before == after) and isinstance(before, bool) == isinstance(after, bool)


def _with(state: Any, path: Path, value: Any) -> Any:
    """Return a state with the setting at a path changed."""
    if not path:
        return value
    step, *below = path
    match step:
        case Document():
            parsed = document(state) if isinstance(state, str) else state
            return _with(parsed, tuple(below), value)
        case Order():
            field = name_field(state) or ""
            return sorted(state, key=lambda item: value.index(name_of_item(item, field)))
        case Item():
            position = next(
                (i for i, item in enumerate(state) if name_of_item(item, step.field) == step.value), len(state)
            )
            return _with_item(state, position, tuple(below), value)
        case int():
            return _with_item(state, step, tuple(below), value)
    changed = _with(state.get(step, {}), tuple(below), value)
    kept = {key: kept for key, kept in state.items() if key != step}
    return kept if changed is ABSENT else {**kept, step: changed}


def _with_item(items: list[Any], position: int, below: Path, value: Any) -> list[Any]:
    changed = _with(items[position] if position < len(items) else {}, below, value)
    if changed is ABSENT:
        return [item for i, item in enumerate(items) if i != position]
    return [*items[:position], changed, *items[position + 1 :]]
