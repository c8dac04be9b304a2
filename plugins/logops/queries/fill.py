"""Fill parameters into a query of the library. User input cannot become more than a value."""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

from logops.errors import LogopsError
from logops.logql import literals, regexes
from logops.logql.build import checked
from logops.logql.parse import parse
from logops.logql.tree import (
    Extraction,
    LabelAssignment,
    LabelReplace,
    LineFilter,
    LineFormat,
    Matcher,
    Needle,
    Pattern,
    Query,
    Regexp,
)
from logops.queries.model import LibraryQuery, Parameter
from logops.suggestions import did_you_mean

PARAMETER = re.compile(r"\$\{([a-z][a-z0-9_]*)\}")
LONGEST_VALUE = 10_000


class StringKind(Enum):
    """How Loki reads a string in the tree."""

    TEXT = "text"
    REGEX = "regex"
    PATTERN = "pattern"
    REPLACEMENT = "replacement"
    """A replacement, in which `$1` is a group."""
    NONE = "none"
    """A position at which a parameter cannot be distinguished from the text around it."""


class FillError(LogopsError, ValueError):
    """A parameter is missing, unknown, or has the wrong type."""


def fill(query: LibraryQuery, given: Mapping[str, str]) -> Query:
    """Return the query with these parameters and defaults for the others. Raises FillError, LogQLError."""
    values = values_of(query, given)
    numbers = {name: value for name, value in values.items() if query.parameters[name].type in ("number", "duration")}
    strings = {name: value for name, value in values.items() if name not in numbers}
    text = PARAMETER.sub(lambda match: numbers.get(match[1], match[0]), query.logql)
    filled: Query = _filled(parse(text), strings, query.parameters, StringKind.TEXT)
    return checked(filled)


def values_of(query: LibraryQuery, given: Mapping[str, str]) -> dict[str, str]:
    unknown = sorted(set(given) - set(query.parameters))
    if unknown:
        known = ", ".join(query.parameters) or "it has none"
        raise FillError(
            f"no such parameter: {', '.join(unknown)}. Its parameters: {known}."
            + did_you_mean(unknown[0], query.parameters)
        )
    values: dict[str, str] = {}
    for name, parameter in query.parameters.items():
        value = given.get(name, parameter.default)
        if value is None:
            raise FillError(f"the parameter {name} is missing: {parameter.description}")
        values[name] = _typed(name, parameter, value)
    unused = sorted(name for name in values if f"${{{name}}}" not in query.logql)
    undeclared = sorted(set(PARAMETER.findall(query.logql)) - set(values))
    if unused or undeclared:
        raise FillError(f"its text and its parameters do not agree on {', '.join(unused + undeclared)}.")
    return values


def _typed(name: str, parameter: Parameter, value: str) -> str:
    if len(value) > LONGEST_VALUE:
        raise FillError(f"{name}: longer than {LONGEST_VALUE:,} characters.")
    if parameter.type == "number" and (not re.fullmatch(r"[0-9]+(\.[0-9]+)?", value)):
        raise FillError(f"{name}: {value!r} is not a number like 1000 or 0.5.")
    if parameter.type == "number":
        _check_range(name, parameter, value)
    if parameter.type == "duration" and not literals.range_duration(value):
        raise FillError(f"{name}: {value!r} is not a duration like 5m or 1h30m.")
    if parameter.type == "regex":
        # Check the value alone: `a)|(b` would only be valid inside the brackets around it.
        try:
            regexes.compiled(value)
        except regexes.RegexError as error:
            raise FillError(f"{name}: {value!r} is no regular expression: {error}.") from None
    return value


def _check_range(name: str, parameter: Parameter, value: str) -> None:
    """Raise FillError if a number is outside its range. Suggest the share if a percentage was given."""
    low, high = parameter.least, parameter.most
    if (low is None or low <= float(value)) and (high is None or float(value) <= high):
        return
    allowed = (
        f"between {low:g} and {high:g}"
        if low is not None and high is not None
        else (f"{low:g} or more" if low is not None else f"{high:g} or less")
    )
    share = float(value) / 100
    hint = f" Did you mean {share:g}?" if (low, high) == (0, 1) and 0 <= share <= 1 else ""
    raise FillError(f"{name}: {value} is not {allowed}.{hint}")


def _filled(node: Any, strings: Mapping[str, str], parameters: Mapping[str, Parameter], kind: StringKind) -> Any:
    """Return the same tree with its strings filled in, each as its position in the tree requires."""
    if isinstance(node, tuple):
        return tuple(_filled(element, strings, parameters, kind) for element in node)
    if isinstance(node, str):
        return PARAMETER.sub(lambda match: _value_in(match, strings, parameters, kind), node)
    if not is_dataclass(node) or isinstance(node, type):
        return node
    changed = {
        field.name: _filled(getattr(node, field.name), strings, parameters, _kind_of(node, field.name, kind))
        for field in fields(node)
    }
    return replace(node, **changed)


def _kind_of(node: Any, field: str, outer: StringKind) -> StringKind:
    match node:
        case Regexp():
            return StringKind.REGEX
        case Matcher():
            return StringKind.REGEX if node.op.endswith("~") else StringKind.TEXT
        case LineFilter():
            return (
                StringKind.REGEX
                if node.op.endswith("~")
                else StringKind.PATTERN
                if node.op.endswith(">")
                else StringKind.TEXT
            )
        case Needle():
            return outer
        case Pattern():
            return StringKind.PATTERN
        case LabelReplace():
            return {"regex": StringKind.REGEX, "replacement": StringKind.REPLACEMENT}.get(field, StringKind.TEXT)
        case Extraction() | LineFormat() | LabelAssignment():
            return StringKind.NONE
    return StringKind.TEXT


def _value_in(
    match: re.Match[str], strings: Mapping[str, str], parameters: Mapping[str, Parameter], kind: StringKind
) -> str:
    name = match[1]
    if name not in strings:
        return match[0]
    value = strings[name]
    if kind is StringKind.NONE:
        raise FillError("a parameter may not stand in a template or in an expression: its text could be read as one.")
    if kind is StringKind.PATTERN and ("<" in value or ">" in value):
        raise FillError(f"{name}: < and > would be read as a part of the pattern.")
    if kind is StringKind.REPLACEMENT:
        return value.replace("$", "$$")
    if kind is not StringKind.REGEX:
        return value
    if parameters[name].type == "text":
        return regexes.escaped(value)
    # Without a group, `a|b` beside other text would match that text with a, or b alone.
    return value if match[0] == match.string else f"(?:{value})"
