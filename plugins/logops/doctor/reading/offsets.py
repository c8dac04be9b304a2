"""Find the place of a configuration key in the text of its file."""

import re
from collections.abc import Callable
from functools import lru_cache

import yaml

from logops.diagnostics.embedded import EmbeddedText, documents, scalar
from logops.doctor.promtail.templates import OWN_LINE, TEMPLATE
from logops.doctor.reading.fluentbit import is_classic, offset_in_classic
from logops.doctor.reading.safe_yaml import DocumentError
from logops.doctor.reading.terraform import is_terraform, offset_in_terraform

_LINE_CONTENT = re.compile(r"\S[^\n]*")
_INDEX = re.compile(r"\[(\d+)\]\.?")


def offset_of(text: str, path: str, document: int = 0) -> int:
    """Return the offset of the key at a path (`loki.schema_config.configs[0].store`).

    If the file does not have the key, this is the offset of the nearest key above it. The path may lead into a text
    that is itself YAML, as in a ConfigMap.

    >>> offset_of("a:\\n  b: 1\\n", "a.b"), offset_of("a:\\n  b: 1\\n", "a.c")
    (5, 0)
    """
    try:
        if other := _offset_in_other_format(text):
            return other(text, path)
        text = _without_templates(text)
        nodes = _documents(text)
    except (yaml.YAMLError, DocumentError):
        return 0
    if document >= len(nodes) or isinstance(nodes[document], yaml.ScalarNode):
        return 0
    return _offset_below(text, nodes[document], path, nodes[document].start_mark.index)


@lru_cache(maxsize=8)
def _offset_in_other_format(text: str) -> Callable[[str, str], int] | None:
    """Return the function for a text that is not YAML; None for YAML. Cached: it reads the whole text."""
    if is_terraform(text):
        return offset_in_terraform
    return offset_in_classic if is_classic(text) and "apiVersion:" not in text else None


@lru_cache(maxsize=8)
def _without_templates(text: str) -> str:
    """Return a text with Helm's templates replaced by texts of the same length: by comments on lines of their own."""
    text = OWN_LINE.sub(lambda match: _LINE_CONTENT.sub(lambda line: "#" * len(line[0]), match[0]), text)
    return TEMPLATE.sub(lambda match: "x" * len(match[0]), text)


@lru_cache(maxsize=8)
def _documents(text: str) -> list[yaml.Node]:
    """Return the documents that have a value. They are numbered like those of `safe_yaml.parse`."""
    return [node for node in documents(text) if node.tag != "tag:yaml.org,2002:null"]


@lru_cache(maxsize=8)
def _embedded(text: str, node: yaml.ScalarNode) -> EmbeddedText:
    return scalar(text, node)


def _offset_below(text: str, node: yaml.Node, path: str, nearest: int) -> int:
    """Return the offset of a path below a node; `nearest` if the node does not have it."""
    if not path:
        return nearest
    if isinstance(node, yaml.MappingNode):
        matching = [(key, value) for key, value in node.value if _leads_to(path, key.value)]
        if not matching:
            return nearest
        key, value = max(matching, key=lambda pair: len(pair[0].value))
        remaining = path.removeprefix(key.value).removeprefix(".")
        return _offset_below(text, value, remaining, key.start_mark.index)
    if isinstance(node, yaml.SequenceNode):
        index = _INDEX.match(path)
        if index is None or int(index[1]) >= len(node.value):
            return nearest
        element = node.value[int(index[1])]
        return _offset_below(text, element, path[index.end() :], element.start_mark.index)
    if not isinstance(node, yaml.ScalarNode):
        return nearest
    embedded = _embedded(text, node)
    offset = offset_of(embedded.text, path)
    return embedded.start(offset) if offset else nearest


def _leads_to(path: str, key: object) -> bool:
    """Return whether a path starts with a key. A key may have dots in it: `loki.yaml`."""
    return isinstance(key, str) and bool(key) and (path == key or path.startswith((f"{key}.", f"{key}[")))
