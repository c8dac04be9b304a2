"""Write Alloy's configuration syntax as `alloy fmt` does: tabs, and aligned `=`.

Syntax: docs/sources/get-started/configuration-syntax in Alloy's repository.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from logops.environment.units import Size


@dataclass(frozen=True)
class Expression:
    """Alloy code that is written as it is, as `loki.write.main.receiver`."""

    code: str


_LONGEST_MAP = 80
"""Longest text of a map on one line."""

Value = str | bool | int | float | Expression | Sequence["Value"] | Mapping[str, "Value"]


@dataclass(frozen=True)
class Block:
    """A block with its label, attributes and inner blocks, in the order in which they are written.

    inner     inner blocks, written after the attributes
    comment   written above the block, one line or more
    """

    name: str
    label: str | None = None
    attributes: Mapping[str, Value] | None = None
    inner: tuple["Block", ...] = ()
    comment: str = ""

    def with_comment(self, comment: str) -> "Block":
        """Return the block with a comment above it."""
        return replace(self, comment=comment)


def to_alloy(blocks: Sequence[Block]) -> str:
    """Return the text of blocks, with an empty line between them."""
    return "\n".join("".join(f"{line}\n" for line in _block_lines(block)) for block in blocks)


_KEYWORDS = frozenset({"false", "null", "true"})


def identifier(name: str) -> str:
    """Return a name as a label of a component, where hyphens and keywords are not allowed.

    Two names of an environment never become the same label, because they cannot contain an underscore.
    """
    return f"{name}_" if name in _KEYWORDS else name.replace("-", "_")


def from_variable(variable: str) -> Expression:
    """Return an expression that reads an environment variable when Alloy loads its configuration."""
    return Expression(f"sys.env({_string(variable)})")


def size_text(size: Size) -> str:
    """Return a size with the largest unit that shows it exactly. Alloy takes KB for 1,024 bytes, as KiB.

    >>> size_text(Size("1MiB")), size_text(Size("1KB"))
    ('1MiB', '1000B')
    """
    for unit, bytes_per_unit in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size.value and size.value % bytes_per_unit == 0:
            return f"{size.value // bytes_per_unit}{unit}"
    return f"{size.value}B"


def _block_lines(block: Block) -> Iterator[str]:
    for line in block.comment.splitlines():
        yield f"// {line}".rstrip()
    head = block.name if block.label is None else f"{block.name} {_string(block.label)}"
    body = [*_attribute_lines(block.attributes or {}), *_inner_lines(block)]
    if not body:
        yield f"{head} {{ }}"
        return
    yield f"{head} {{"
    yield from (f"\t{line}" if line else "" for line in body)
    yield "}"


def _attribute_lines(attributes: Mapping[str, Value]) -> Iterator[str]:
    lines = {name: _value_lines(value) for name, value in attributes.items()}
    for has_one_line, group in groupby(lines, key=lambda name: len(lines[name]) == 1):
        names = list(group)
        width = max(map(len, names)) if has_one_line else 0
        for name in names:
            first, *others = lines[name]
            yield f"{name:<{width}} = {first}"
            yield from others


def _inner_lines(block: Block) -> Iterator[str]:
    for number, inner in enumerate(block.inner):
        if number or block.attributes:
            yield ""
        yield from _block_lines(inner)


def _value_lines(value: Value) -> list[str]:
    """Return the lines of a value. A list of maps has a map on each line, a long map a key; others are on one line."""
    if isinstance(value, Sequence) and not isinstance(value, str) and any(isinstance(item, Mapping) for item in value):
        return ["[", *(f"\t{_inline(item)}," for item in value), "]"]
    if isinstance(value, Mapping) and len(_inline(value)) > _LONGEST_MAP:
        width = max(len(_key(key)) for key in value)
        return ["{", *(f"\t{_key(key):<{width}} = {_inline(inner)}," for key, inner in value.items()), "}"]
    return [_inline(value)]


def _inline(value: Value) -> str:
    match value:
        case Expression(code=code):
            return code
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str():
            return _string(value)
        case Mapping():
            return f"{{{', '.join(f'{_key(key)} = {_inline(inner)}' for key, inner in value.items())}}}"
        case _:
            return f"[{', '.join(map(_inline, value))}]"


def _key(key: str) -> str:
    return key if key.isidentifier() and key.isascii() else _string(key)


def _string(text: str) -> str:
    """Return a quoted string. A text with \\ or " is a raw string if possible, so that a regex stays readable."""
    if ("\\" in text or '"' in text) and "`" not in text and text.isprintable():
        return f"`{text}`"
    return json.dumps(text, ensure_ascii=False)
