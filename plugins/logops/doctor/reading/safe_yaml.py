"""Parse YAML and JSON that users provide, safely: limit the size, the depth and the aliases."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import yaml

from logops.errors import LogopsError
from logops.number_text import size_text

_LINE = re.compile(r"line (\d+): ")
_PLACE = re.compile(r' in "<[^>]*>", line (\d+), column (\d+)')
"""How PyYAML writes a place in a text without a name."""

MAX_BYTES = 5 * 2**20
MAX_DEPTH = 100
MAX_VALUES = 1_000_000
"""Values after aliases are expanded: a few lines of nested aliases can expand to billions of values."""

_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class DocumentError(LogopsError):
    """A file cannot be read: its name, what was found, what is accepted, and the line and column of the mistake."""

    def __init__(self, file: str, found: str, accepted: str, line: int = 1, column: int = 1) -> None:
        super().__init__(file, found, accepted, line, column)
        self.file, self.found, self.accepted, self.line, self.column = file, found, accepted, line, column

    def __str__(self) -> str:
        return f"{self.file}: {self.found}; accepted: {self.accepted}"


def parse(text: str, file: str) -> list[Any]:
    """Return the documents in a YAML or JSON text, without empty documents.

    Raises DocumentError if the text is not YAML or JSON, is too large or nested too deep, expands to too many values,
    or has a duplicate key. Loki and Helm refuse such texts too.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise DocumentError(file, "the text is too large", f"at most {size_text(MAX_BYTES)}")
    try:
        if text.lstrip().startswith("{"):
            # A template such as {{ .Values }} also starts with a brace: the YAML parser reports what is wrong with it.
            try:
                return [json.loads(text, object_pairs_hook=_pairs)]
            except json.JSONDecodeError:
                pass
        _refuse_depth(text, file)
        return [document for document in _documents(text, file) if document is not None]
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = _PLACE.sub(r" (line \1, column \2)", " ".join(str(error).split())) or type(error).__name__
        mark = getattr(error, "problem_mark", None)
        line = _LINE.match(reason)
        position = (mark.line + 1, mark.column + 1) if mark else (int(line[1]) if line else 1, 1)
        raise DocumentError(file, f"not readable as YAML: {reason}", "valid YAML or JSON", *position) from None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    counts = Counter(key for key, _ in pairs)
    if duplicates := [key for key, count in counts.items() if count > 1]:
        raise ValueError("; ".join(f"the key {key!r} is a duplicate" for key in duplicates))
    return dict(pairs)


def _refuse_depth(text: str, file: str) -> None:
    # libyaml's composer recurses in C: 100,000 brackets would crash the process. Events are read without recursion.
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
            duplicates: list[str] = []
            if _count_values(node, {}, frozenset(), duplicates) > MAX_VALUES:
                raise DocumentError(file, f"aliases that expand to more than {MAX_VALUES} values", "fewer aliases")
            if duplicates:
                raise yaml.YAMLError("; ".join(duplicates))
            yield loader.construct_document(node)
    finally:
        loader.dispose()


def _count_values(node: yaml.Node, counted: dict[int, int], above: frozenset[int], duplicates: list[str]) -> int:
    """Count the values of a node with aliases expanded. Duplicate keys are added to `duplicates`, each with its line.

    Raises YAMLError for cycles.
    """
    if id(node) in above:
        raise yaml.YAMLError(f"line {node.start_mark.line + 1}: an alias of a value that contains it")
    if id(node) in counted:
        return counted[id(node)]
    inner: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        duplicates += _duplicate_keys(node)
        inner = [part for pair in node.value for part in pair]
    elif isinstance(node, yaml.SequenceNode):
        inner = node.value
    below = above | {id(node)} if inner else above
    counted[id(node)] = total = 1 + sum(_count_values(part, counted, below, duplicates) for part in inner)
    return total


def _duplicate_keys(node: yaml.MappingNode) -> Iterator[str]:
    keys: set[str] = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
            if key.value in keys:
                yield f"line {key.start_mark.line + 1}: the key {key.value!r} is a duplicate"
            keys.add(key.value)
