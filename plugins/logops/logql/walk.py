"""Walk over a tree, and replace a node."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

Node = TypeVar("Node")


def nodes(found: Any) -> Iterator[Any]:
    """Yield a node and all nodes in it, in the order of the text."""
    if isinstance(found, tuple):
        for one in found:
            yield from nodes(one)
    elif is_dataclass(found):
        yield found
        for field in fields(found):
            yield from nodes(getattr(found, field.name))


def all_of(found: Any, kind: type[Node]) -> Iterator[Node]:
    return (node for node in nodes(found) if isinstance(node, kind))


def instead(found: Node, old: Any, new: Any) -> Node:
    """Return the tree with `new` in place of the node `old` (the same object)."""
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
