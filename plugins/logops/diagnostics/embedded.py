"""Texts inside a YAML or JSON file, with the offset of each of their characters in the file."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import yaml

_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_DEPTH = 100
_ESCAPE = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\r?\n[ \t]*|.)", re.DOTALL)
_SURROGATE = re.compile(r"(\\\\)|\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
"""An escaped half of a character, such as `\\ud83d`, unless its backslash is escaped itself (group 1)."""
_BLOCK_HEADER = re.compile(r"[|>][^\n]*\n?")

Piece = tuple[str, int, int]
"""A character, and its first and last offset + 1 in the file."""


@dataclass(frozen=True, slots=True)
class EmbeddedText:
    """A text, and where each of its characters is in the file."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]
    styles: tuple[str, ...] = ()
    """How YAML writes it, from the inside: `"`, `'`, `|`, `>`, or empty for plain. A whole file has no style."""

    def start(self, index: int) -> int:
        """Return the offset in the file of a character of the text; for its end, the offset after the last one."""
        if index < len(self.starts):
            return self.starts[index]
        return self.ends[-1] if self.ends else 0

    def span(self, span: tuple[int, int]) -> tuple[int, int]:
        """Return the range in the file of a range of the text. An empty range stays behind the character before it."""
        first, last = span
        if last > first:
            return self.start(first), self.ends[min(last, len(self.ends)) - 1]
        offset = self.ends[first - 1] if 0 < first <= len(self.ends) else self.start(first)
        return offset, offset

    def written(self, text: str) -> str:
        """Return a text as it is written inside this text's quotes."""
        for style in self.styles:
            if style == "'":
                text = text.replace("'", "''")
            elif style == '"':
                text = json.dumps(text, ensure_ascii=False)[1:-1]
        return text

    def inner(self, embedded: "EmbeddedText") -> "EmbeddedText":
        """Return a text that is embedded in this one, with offsets in the file."""
        return EmbeddedText(
            embedded.text,
            [self.start(offset) for offset in embedded.starts],
            [self.span((max(0, offset - 1), offset))[1] for offset in embedded.ends],
            embedded.styles + self.styles,
        )


def whole(text: str) -> EmbeddedText:
    """Return a file's text as an embedded text."""
    return EmbeddedText(text, range(len(text)), range(1, len(text) + 1))


def documents(text: str) -> list[yaml.Node]:
    """Return the documents of a YAML or JSON text as nodes with marks. Raises yaml.YAMLError, also for deep nesting.

    JSON may have two things that YAML does not allow. Tabs count as blanks. Characters above U+FFFF, such as emoji, are
    two escapes there (RFC 8259, section 7): each counts as U+FFFD. Offsets stay the same.
    """
    if text.lstrip()[:1] in ("{", "["):
        text = _SURROGATE.sub(lambda match: match[1] or r"\ufffd", text.replace("\t", " "))
    _refuse_depth(text)
    return [node for node in yaml.compose_all(text, Loader=_LOADER) if node is not None]


def _refuse_depth(text: str) -> None:
    # libyaml's composer recurses in C: 100,000 brackets would crash the process. Events are read without recursion.
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise yaml.YAMLError(f"values nested deeper than {MAX_DEPTH}")


def nodes_in(document: yaml.Node) -> Iterator[yaml.Node]:
    """Yield a document and every node in it, in the order of the text. A node with aliases is yielded once."""
    yielded_ids: set[int] = set()
    pending = [document]
    while pending:
        node = pending.pop()
        if id(node) in yielded_ids:
            continue
        yielded_ids.add(id(node))
        yield node
        if isinstance(node, yaml.MappingNode):
            pending += [part for pair in reversed(node.value) for part in reversed(pair)]
        elif isinstance(node, yaml.SequenceNode):
            pending += reversed(node.value)


def scalar(text: str, node: yaml.ScalarNode) -> EmbeddedText:
    """Return the value of a scalar with the offsets of its characters in `text`.

    YAML changes only escapes and white space: the other characters are the same, in the same order. If they are not,
    each character gets the offsets of the whole scalar, and the style "unknown".
    """
    pieces = list(_pieces(text, node))
    aligned = _aligned(node.value, pieces)
    if aligned is None:
        size, start, end = len(node.value), node.start_mark.index, node.end_mark.index
        return EmbeddedText(node.value, [start] * size, [end] * size, ("unknown",))
    return EmbeddedText(node.value, [start for start, _ in aligned], [end for _, end in aligned], (node.style or "",))


def _aligned(value: str, pieces: Sequence[Piece]) -> list[tuple[int, int]] | None:
    """Return start and end of each character of the value; None if the value is not made of these pieces."""
    spans: list[tuple[int, int]] = []
    at = 0
    for is_space, group in groupby(value, str.isspace):
        characters = list(group)
        run_end = at
        while run_end < len(pieces) and pieces[run_end][0].isspace():
            run_end += 1
        if is_space:
            # A run of white space in the value is a run in the file, which may be longer: lines are folded.
            run = pieces[at:run_end] or pieces[at - 1 : at]
            if not run:
                return None
            # The first character is the first of the run, the others are the last ones. A lone one is the whole run.
            ends = [run[max(0, len(run) - len(characters) + i)] for i in range(1, len(characters))]
            spans += [(run[0][1], run[0][2] if ends else run[-1][2]), *(piece[1:] for piece in ends)]
            at = run_end
            continue
        word = pieces[run_end : run_end + len(characters)]
        if [piece[0] for piece in word] != characters:
            return None
        spans += [piece[1:] for piece in word]
        at = run_end + len(characters)
    return spans


def _pieces(text: str, node: yaml.ScalarNode) -> Iterator[Piece]:
    """Yield the characters between the marks of a scalar, with escapes resolved."""
    at, end = node.start_mark.index, node.end_mark.index
    if node.style in ("|", ">"):
        header = _BLOCK_HEADER.match(text, at)
        at = header.end() if header else at
    elif node.style in ('"', "'"):
        at, end = at + 1, end - 1
    while at < end:
        after, character = at + 1, text[at]
        if node.style == "'" and text.startswith("''", at):
            after = at + 2
        elif node.style == '"' and (escape := _ESCAPE.match(text, at)):
            after = escape.end()
            character = _unescaped(escape[0])
        if character:
            yield character, at, after
        at = after


def _unescaped(escape: str) -> str:
    """Return the character of an escape in double quotes; empty for an escaped line break."""
    if escape[1] in "\r\n":
        return ""
    value: str = yaml.safe_load(f'"{escape}"')
    return value
