"""Over a tree: every node, and a tree with one node instead of another."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

Node = TypeVar("Node")


def nodes(found: Any) -> Iterator[Any]:
    """A node, then all in it, in the order of the text."""
    if isinstance(found, tuple):
        for one in found:
            yield from nodes(one)
    elif is_dataclass(found):
        yield found
        for field in fields(found):
            yield from nodes(getattr(found, field.name))


def all_of(found: Any, kind: type[Node]) -> Iterator[Node]:
    return (one for one in nodes(found) if isinstance(one, kind))


def instead(found: Node, old: Any, new: Any) -> Node:
    """The tree with `new` where `old`, that very node, is."""
    return cast(Node, _instead(found, old, new))


def _instead(found: Any, old: Any, new: Any) -> Any:
    if found is old:
        return new
    if isinstance(found, tuple):
        return tuple(_instead(one, old, new) for one in found)
    if not is_dataclass(found) or isinstance(found, type):
        return found
    changes = {field.name: _instead(getattr(found, field.name), old, new) for field in fields(found)}
    return replace(found, **changes)
