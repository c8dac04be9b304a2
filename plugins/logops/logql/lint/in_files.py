"""Find the LogQL queries in a file: rules of Loki's ruler, dashboards of Grafana, the query library, a single query.

Each query keeps the offsets of its characters in the file, so that a finding has a line and a column there.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import yaml

from logops.diagnostics.embedded import EmbeddedText, documents, scalar, whole
from logops.logql import literals
from logops.logql.parse import is_query

YAML_SUFFIXES = frozenset({".yaml", ".yml", ".json"})
SUFFIXES = YAML_SUFFIXES | {".logql"}
"""Files that are read when a folder is given."""

_SKIPPED = r'"(?:\\.|[^"\\])*"|`[^`]*`|#[^\n]*'
_VARIABLE = r"\$\{\w+(?:[.:][^}]*)?\}|\$\w+|\[\[\w+(?::\w+)?\]\]"
_PART = re.compile(rf"(?P<skipped>{_SKIPPED})|\[(?P<range>{_VARIABLE})\]|(?P<variable>{_VARIABLE})", re.DOTALL)
_ANY_VARIABLE = re.compile(_VARIABLE)
_PLAIN = re.compile(r"[^\"`\\]*")
_STAND_INS = ("1", "x", "5m")
"""Tried in place of a variable: a number, a name, a duration."""


@dataclass(frozen=True, slots=True)
class FileQuery:
    """A query in a file."""

    path: str
    """Keys and indexes that lead to the query, such as `groups.0.rules.1.expr`; empty: the whole file."""
    source: EmbeddedText
    """The query, with another text in place of a variable outside of strings."""
    step_ns: int | None = None
    """Time between two points of the answer; None: unknown."""
    has_variables: bool = False

    @property
    def text(self) -> str:
        return self.source.text


def queries_in(text: str, file: str) -> list[FileQuery]:
    """Return the queries in a file, in the order of the file. Raises yaml.YAMLError.

    A file that is neither YAML nor JSON, by its name, is one query.
    """
    if not is_yaml(file):
        return [_with_stand_ins("", whole(text), None, {})] if text.strip() else []
    nodes = documents(text)
    return [
        query
        for number, node in enumerate(nodes)
        for query in _below(node, whole(text), (str(number),) if len(nodes) > 1 else (), "", set())
    ]


def is_yaml(file: str) -> bool:
    """Return whether a file is YAML or JSON, by its name."""
    return PurePath(file).suffix.lower() in YAML_SUFFIXES


def _below(
    node: yaml.Node, source: EmbeddedText, path: tuple[str, ...], datasource: str, read_ids: set[int]
) -> Iterator[FileQuery]:
    """Yield the queries in and below a node.

    source      the text that the node is in
    datasource  type of the nearest data source above, in a dashboard
    read_ids    ids of the nodes that were read: an alias leads to a node again
    """
    if id(node) in read_ids:
        return
    read_ids.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, element in enumerate(node.value):
            yield from _below(element, source, (*path, str(index)), datasource, read_ids)
    if not isinstance(node, yaml.MappingNode):
        return
    keys = {str(key.value): value for key, value in node.value}
    if _scalar(keys.get("kind")) == "ConfigMap" and isinstance(keys.get("data"), yaml.MappingNode):
        yield from _in_config_map(keys["data"], source, (*path, "data"))
        return
    datasource = _datasource(keys.get("datasource")) or datasource
    for key, value in keys.items():
        if not isinstance(value, yaml.ScalarNode):
            yield from _with_interval(keys, _below(value, source, (*path, key), datasource, read_ids))
        elif _is_query_key(key, path, keys, datasource) and id(value) not in read_ids:
            read_ids.add(id(value))
            step_ns = literals.range_duration(_scalar(keys.get("step")))
            embedded = source.inner(scalar(source.text, value))
            yield _with_stand_ins(".".join((*path, key)), embedded, step_ns, _values(keys))


def _is_query_key(key: str, path: tuple[str, ...], keys: Mapping[str, yaml.Node], datasource: str) -> bool:
    """Return whether a key has a query of a rule, of a dashboard's panel, or of the query library."""
    if key == "expr":
        return datasource == "loki" or ("rules" in path and ("record" in keys or "alert" in keys))
    return key == "logql" and path[-2:-1] == ("queries",)


def _with_interval(keys: Mapping[str, yaml.Node], queries: Iterator[FileQuery]) -> Iterator[FileQuery]:
    """Yield the queries of a group of rules with its interval as step."""
    interval = literals.range_duration(_scalar(keys.get("interval"))) if "rules" in keys else None
    for query in queries:
        yield FileQuery(query.path, query.source, query.step_ns or interval, query.has_variables)


def _in_config_map(data: yaml.MappingNode, source: EmbeddedText, path: tuple[str, ...]) -> Iterator[FileQuery]:
    """Yield the queries in the files of a ConfigMap. A file that is no YAML has none."""
    for key, value in data.value:
        if isinstance(value, yaml.ScalarNode):
            inner = source.inner(scalar(source.text, value))
            try:
                nodes = documents(inner.text)
            except yaml.YAMLError:
                continue
            for node in nodes:
                yield from _below(node, inner, (*path, str(key.value)), "", set())


def _datasource(node: yaml.Node | None) -> str:
    """Return the type of a panel's data source. Old dashboards have its name only."""
    if isinstance(node, yaml.MappingNode):
        return next((_scalar(value) for key, value in node.value if key.value == "type"), "")
    return "loki" if "loki" in _scalar(node).lower() else _scalar(node)


def _scalar(node: yaml.Node | None) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def _values(keys: Mapping[str, yaml.Node]) -> dict[str, str]:
    """Return values of the parameters of a query of the library: defaults, and the example's values."""
    parameters, example = _plain(keys.get("parameters")), _plain(keys.get("example"))
    defaults = {name: of["default"] for name, of in parameters.items() if isinstance(of, dict) and "default" in of}
    return {name: str(value) for name, value in {**defaults, **example}.items()}


def _plain(node: yaml.Node | None) -> dict[str, Any]:
    """Return a mapping of texts and mappings."""
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {
        str(key.value): _plain(value) if isinstance(value, yaml.MappingNode) else _scalar(value)
        for key, value in node.value
    }


def _with_stand_ins(path: str, source: EmbeddedText, step_ns: int | None, values: Mapping[str, str]) -> FileQuery:
    """Return a query that parses, if possible, with values in place of its variables.

    A variable inside a string stays. Grafana's `$name`, `${name}` and `[[name]]` are variables.
    """
    has_variables = _ANY_VARIABLE.search(source.text) is not None
    filled = source
    if has_variables:
        for stand_in in _STAND_INS:
            candidate = _filled(source, values, stand_in)
            if is_query(candidate.text):
                filled = candidate
                break
    return FileQuery(path, filled, step_ns, has_variables)


def _filled(source: EmbeddedText, values: Mapping[str, str], stand_in: str) -> EmbeddedText:
    text, starts, ends = [], list[int](), list[int]()
    at = 0
    for first, last, name, is_range in _variables(source.text, values):
        value = values.get(name) or ("5m" if is_range else stand_in)
        text += [source.text[at:first], value]
        starts += [*source.starts[at:first], *[source.starts[first]] * len(value)]
        ends += [*source.ends[at:first], *[source.ends[last - 1]] * len(value)]
        at = last
    return EmbeddedText(
        "".join([*text, source.text[at:]]),
        [*starts, *source.starts[at:]],
        [*ends, *source.ends[at:]],
        source.styles,
    )


def _variables(text: str, values: Mapping[str, str]) -> Iterator[tuple[int, int, str, bool]]:
    """Yield start, end and name of each variable to fill in, and whether it is a range.

    A variable in a string is filled in only if its value is known and needs no escape.
    """
    for part in _PART.finditer(text):
        if part["skipped"]:
            for inner in _ANY_VARIABLE.finditer(part[0]) if part[0][0] in '"`' else ():
                name = _name(inner[0])
                if _PLAIN.fullmatch(values.get(name, '"')):
                    yield part.start() + inner.start(), part.start() + inner.end(), name, False
        else:
            group = "range" if part["range"] else "variable"
            yield *part.span(group), _name(part[group]), group == "range"


def _name(variable: str) -> str:
    return re.sub(r"[.:].*", "", variable.strip("${}[]"))
