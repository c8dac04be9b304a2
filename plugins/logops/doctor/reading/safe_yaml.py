"""YAML and JSON from outside: read safely, or refused with the reason."""

import json
from collections.abc import Iterator
from typing import Any

import yaml

from logops.errors import LogopsError

MAX_BYTES = 5 * 2**20
MAX_DEPTH = 100
MAX_VALUES = 1_000_000
"""With every alias counted as what it stands for: a few lines of aliases can stand for billions."""

_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class DocumentError(LogopsError):
    """A file that cannot be looked at: its name, what was found, what is accepted."""

    def __init__(self, file: str, found: str, accepted: str) -> None:
        super().__init__(file, found, accepted)
        self.file, self.found, self.accepted = file, found, accepted

    def __str__(self) -> str:
        return f"{self.file}: {self.found}; accepted: {self.accepted}"


def parse(text: str, file: str) -> list[Any]:
    """The documents in YAML or JSON text, without the empty ones.

    Raises DocumentError for text that is neither, is too big or too deep, whose aliases stand for too much, or in
    which a key stands twice (Loki and Helm take none of these).
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise DocumentError(file, f"{len(text)} characters", f"at most {MAX_BYTES} bytes")
    try:
        if text.lstrip().startswith("{"):
            # A template such as {{ .Values }} starts so too; YAML says what is wrong with it.
            try:
                return [json.loads(text, object_pairs_hook=_pairs)]
            except json.JSONDecodeError:
                pass
        _refuse_depth(text, file)
        return [document for document in _documents(text, file) if document is not None]
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DocumentError(file, f"not readable as YAML: {reason}", "valid YAML or JSON") from None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if twice := next((key for key in keys if keys.count(key) > 1), None):
        raise ValueError(f"the key {twice!r} stands twice")
    return dict(pairs)


def _refuse_depth(text: str, file: str) -> None:
    # libyaml's composer recurses in C: 100,000 brackets end the process, not the parse. Its events come one by one.
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise DocumentError(file, f"values nested deeper than {MAX_DEPTH}", "a configuration file")


def _documents(text: str, file: str) -> Iterator[Any]:
    loader = _Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            if _values(node, {}, frozenset()) > MAX_VALUES:
                raise DocumentError(file, f"aliases that stand for more than {MAX_VALUES} values", "fewer aliases")
            yield loader.construct_document(node)
    finally:
        loader.dispose()


def _values(node: yaml.Node, counted: dict[int, int], above: frozenset[int]) -> int:
    """How many values a node stands for; also refuses cycles and keys that stand twice."""
    if id(node) in above:
        raise yaml.YAMLError(f"line {node.start_mark.line + 1}: an alias of what it stands in")
    if id(node) in counted:
        return counted[id(node)]
    inner: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        _refuse_twins(node)
        inner = [part for pair in node.value for part in pair]
    elif isinstance(node, yaml.SequenceNode):
        inner = node.value
    below = above | {id(node)} if inner else above
    counted[id(node)] = total = 1 + sum(_values(part, counted, below) for part in inner)
    return total


def _refuse_twins(node: yaml.MappingNode) -> None:
    seen: set[str] = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
            if key.value in seen:
                raise yaml.YAMLError(f"line {key.start_mark.line + 1}: the key {key.value!r} stands twice")
            seen.add(key.value)
