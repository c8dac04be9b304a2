"""Walk over a tree, and replace a node."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

Node = TypeVar("Node")


def nodes(tree: Any) -> Iterator[Any]:
    """Yield a node and all nodes in it, in the order of the text."""
    if isinstance(tree, tuple):
        for element in tree:
            yield from nodes(element)
    elif is_dataclass(tree):
        yield tree
        for field in fields(tree):
            yield from nodes(getattr(tree, field.name))


def all_of(tree: Any, kind: type[Node]) -> Iterator[Node]:
    return (node for node in nodes(tree) if isinstance(node, kind))


def instead(tree: Node, old: Any, new: Any) -> Node:
    """Return the tree with `new` in place of the node `old` (the same object)."""
    return cast(Node, _instead(tree, old, new))


def _instead(tree: Any, old: Any, new: Any) -> Any:
    if tree is old:
        return new
    if isinstance(tree, tuple):
        return tuple(_instead(element, old, new) for element in tree)
    if not is_dataclass(tree) or isinstance(tree, type):
        return tree
    changes = {field.name: _instead(getattr(tree, field.name), old, new) for field in fields(tree)}
    return replace(tree, **changes)
