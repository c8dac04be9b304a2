"""Build LogQL from values. User input stays text, and the result is a query that Loki accepts.

    >>> failed = stream(job="nginx").containing(" 500 ").json().where("status", ">=", 500)
    >>> str(failed.rate("5m").sum(by=["path"]))
    'sum by (path) (rate({job="nginx"} |= " 500 " | json | status >= 500 [5m]))'

Each step returns a new builder. It raises LogQLError if the query would be invalid: an invalid label name, a
`quantile_over_time` without `unwrap`. `tree` is the query's tree, `str()` its text.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from numbers import Real
from typing import Any, Self, TypeVar

from logops.logql import literals, regexes
from logops.logql.errors import LogQLError
from logops.logql.parse import MAX_JOINS, parse
from logops.logql.refused import refusals
from logops.logql.text import one_line
from logops.logql.tree import (
    Binary,
    Both,
    Bytes,
    Comparison,
    Condition,
    Decolorize,
    Drop,
    DurationValue,
    Either,
    Extraction,
    Grouping,
    IpMatch,
    Json,
    Keep,
    LabelAssignment,
    LabelFilter,
    LabelFormat,
    LabelReplace,
    LineFilter,
    LineFormat,
    Logfmt,
    LogQuery,
    LogRange,
    Matcher,
    Matching,
    Metric,
    Needle,
    Number,
    Pattern,
    Query,
    RangeAggregation,
    Regexp,
    Selector,
    Stage,
    Unpack,
    Unwrap,
    Variants,
    Vector,
    VectorAggregation,
)

Value = str | int | float | timedelta | Bytes
"""A value that a label is compared with. A `str` is compared as text, and so is a `bool`: `true`, as in JSON."""
Length = str | timedelta
"""A range: `5m`, `1h30m`."""
Labels = Iterable[str] | None
"""None: no grouping. An empty list is a grouping, `by ()`."""
Tree = TypeVar("Tree", bound=Query)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A condition on a label's value, other than equality."""

    op: str
    value: str


def other_than(value: str) -> Wanted:
    return Wanted("!=", value)


def like(regex: str) -> Wanted:
    """Match the whole value."""
    return Wanted("=~", regex)


def unlike(regex: str) -> Wanted:
    return Wanted("!~", regex)


def literal(text: str) -> str:
    """Return a regular expression that matches only this text. Use it for user input."""
    return regexes.escaped(text)


def label(name: str, value: str | Wanted) -> Matcher:
    """Return the matcher `name="value"`, for a selector, a drop or a keep."""
    op, text = (value.op, value.value) if isinstance(value, Wanted) else ("=", value)
    _texts({"a label": name, name: text})
    return Matcher(name, op, text)


@dataclass(frozen=True, slots=True)
class Old:
    """The label that label_format renames."""

    name: str


def stream(labels: Mapping[str, str | Wanted] | None = None, /, **more: str | Wanted) -> "Lines":
    """Return the lines of all streams with these labels."""
    label_values = {**_mapping("labels", labels), **more}
    matchers = tuple(label(name, value) for name, value in label_values.items())
    return Lines(checked(LogQuery(Selector(matchers))))


def condition(label: str, op: str, value: Value) -> Condition:
    """Return a condition: `status >= 500`, `took > 1s`, `level = "error"`."""
    _texts({"label": label, "op": op})
    match value:
        case bool():
            return condition(label, op, str(value).lower())
        case str():
            return Matcher(label, "=" if op == "==" else op, value)
        case timedelta():
            return Comparison(label, _comparing(op), DurationValue(_nanoseconds(value)))
        case Bytes():
            if literals.size(literals.write_size(value.count)) is None:
                raise LogQLError(f"{value.count} bytes are more than Loki can count", "", 0)
            return Comparison(label, _comparing(op), value)
        case _:
            return Comparison(label, _comparing(op), _number(value, "value"))


def any_of(first: Condition, *others: Condition) -> Condition:
    joined = _condition(first)
    for other in others:
        joined = Either(joined, _condition(other))
    return joined


def all_of(first: Condition, *others: Condition) -> Condition:
    joined = _condition(first)
    for other in others:
        joined = Both(joined, _condition(other))
    return joined


def ip(label: str, network: str, op: str = "=") -> Condition:
    """Return a condition on an address: inside a network, range or host; `!=`: outside."""
    _texts({"label": label, "network": network, "op": op})
    return IpMatch(label, op, network)


def vector(value: float) -> "Samples":
    """Return one series without labels."""
    return Samples(checked(Vector(_number(value, "value"))))


@dataclass(frozen=True, slots=True)
class Lines:
    """A query that returns lines."""

    tree: LogQuery

    def __str__(self) -> str:
        return one_line(self.tree)

    def containing(self, text: str, *or_others: str) -> Self:
        return self._filtered("|=", text, *or_others)

    def without(self, text: str, *and_others: str) -> Self:
        return self._filtered("!=", text, *and_others)

    def matching(self, regex: str, *or_others: str) -> Self:
        return self._filtered("|~", regex, *or_others)

    def not_matching(self, regex: str, *and_others: str) -> Self:
        return self._filtered("!~", regex, *and_others)

    def like(self, pattern: str, *or_others: str) -> Self:
        """Keep lines that match a pattern such as `<_> 500 <_>`."""
        return self._filtered("|>", pattern, *or_others)

    def unlike(self, pattern: str, *and_others: str) -> Self:
        return self._filtered("!>", pattern, *and_others)

    def with_ip(self, network: str) -> Self:
        """Keep lines that contain an address of a network, range or host."""
        return self._with_ip("|=", network)

    def without_ip(self, network: str) -> Self:
        return self._with_ip("!=", network)

    def json(self, fields: Mapping[str, str] | None = None) -> Self:
        """Parse JSON: all fields as labels, or only the given ones (label to expression), which is much cheaper."""
        return self._then(Json(_extractions(fields)))

    def logfmt(self, fields: Mapping[str, str] | None = None, strict: bool = False, keep_empty: bool = False) -> Self:
        return self._then(Logfmt(_extractions(fields), strict, keep_empty))

    def pattern(self, pattern: str) -> Self:
        _texts({"pattern": pattern})
        return self._then(Pattern(pattern))

    def regexp(self, regex: str) -> Self:
        _texts({"regex": regex})
        return self._then(Regexp(regex))

    def unpack(self) -> Self:
        return self._then(Unpack())

    def where(self, label: str | Condition, op: str = "", value: Value = "") -> Self:
        """Add a condition from `condition()`, `ip()`, `any_of()` or `all_of()`, or its three parts."""
        return self._then(LabelFilter(_condition(label, op, value)))

    def where_ip(self, label: str, network: str, op: str = "=") -> Self:
        return self._then(LabelFilter(ip(label, network, op)))

    def line_format(self, template: str) -> Self:
        _texts({"template": template})
        return self._then(LineFormat(template))

    def label_format(self, labels: Mapping[str, str | Old]) -> Self:
        """Set labels from templates, or from `Old("name")`, which renames."""
        made = []
        for name, to in _mapping("labels", labels).items():
            renames = isinstance(to, Old)
            value = to.name if isinstance(to, Old) else to
            _texts({"a label": name, name: value})
            made.append(LabelAssignment(name, value, renames))
        return self._then(LabelFormat(tuple(made)))

    def rename(self, labels: Mapping[str, str]) -> Self:
        """Rename labels: new name to old name."""
        return self.label_format({to: Old(name) for to, name in _mapping("labels", labels).items()})

    def decolorize(self) -> Self:
        return self._then(Decolorize())

    def drop(self, *labels: str | Matcher) -> Self:
        """Drop labels by name, or only if a `label(...)` matches."""
        return self._then(Drop(_names_or_matchers(labels)))

    def keep(self, *labels: str | Matcher) -> Self:
        return self._then(Keep(_names_or_matchers(labels)))

    def unwrap(self, label: str, conversion: str = "", errors: bool = False) -> "Unwrapped":
        """Use a label's value as the sample. Lines whose value is not a number are left out, unless `errors`."""
        _texts({"label": label, "conversion": conversion})
        filters = () if errors else (Matcher("__error__", "=", ""),)
        return Unwrapped(self.tree, Unwrap(label, conversion, filters))

    def rate(self, over: Length, offset: Length = "") -> "Samples":
        return _ranged("rate", self.tree, None, over, offset)

    def count_over_time(self, over: Length, offset: Length = "") -> "Samples":
        return _ranged("count_over_time", self.tree, None, over, offset)

    def bytes_rate(self, over: Length, offset: Length = "") -> "Samples":
        return _ranged("bytes_rate", self.tree, None, over, offset)

    def bytes_over_time(self, over: Length, offset: Length = "") -> "Samples":
        return _ranged("bytes_over_time", self.tree, None, over, offset)

    def absent_over_time(self, over: Length, offset: Length = "") -> "Samples":
        return _ranged("absent_over_time", self.tree, None, over, offset)

    def _filtered(self, op: str, *texts: str) -> Self:
        for text in texts:
            _texts({"text": text})
        return self._filter(LineFilter(op, tuple(Needle(text) for text in texts)))

    def _with_ip(self, op: str, network: str) -> Self:
        _texts({"network": network})
        return self._filter(LineFilter(op, (Needle(network, ip=True),)))

    def _filter(self, line_filter: LineFilter) -> Self:
        """Insert before a final drop or keep: `| drop a != "b"` would drop `a` only if it is not "b"."""
        stages = [*self.tree.stages]
        at = len(stages)
        while at and isinstance(stages[at - 1], (Drop, Keep)):
            at -= 1
        return replace(self, tree=checked(replace(self.tree, stages=(*stages[:at], line_filter, *stages[at:]))))

    def _then(self, stage: Stage) -> Self:
        return replace(self, tree=checked(replace(self.tree, stages=(*self.tree.stages, stage))))


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """Lines with a number each, to be aggregated over a range."""

    lines: LogQuery
    unwrapped: Unwrap

    def where(self, label: str | Condition, op: str = "", value: Value = "") -> Self:
        """Keep only samples that match."""
        filters = (*self.unwrapped.filters, _condition(label, op, value))
        return replace(self, unwrapped=replace(self.unwrapped, filters=filters))

    def over_time(
        self,
        function: str,
        over: Length,
        by: Labels = None,
        quantile: float | None = None,
        offset: Length = "",
        without: Labels = None,
    ) -> "Samples":
        """Aggregate over a range. `function` is LogQL's name: `rate`, `sum_over_time`, `quantile_over_time`..."""
        _texts({"function": function})
        grouping = _grouping(function, by, without)
        parameter = None if quantile is None else _number(quantile, "quantile")
        return _ranged(function, self.lines, self.unwrapped, over, offset, parameter, grouping)


@dataclass(frozen=True, slots=True)
class Samples:
    """A query that returns numbers. `+ - * / % **` join two queries, or a query and a number."""

    tree: Metric

    def __str__(self) -> str:
        return one_line(self.tree)

    def sum(self, by: Labels = None, without: Labels = None) -> Self:
        return self.aggregated("sum", by, without)

    def avg(self, by: Labels = None, without: Labels = None) -> Self:
        return self.aggregated("avg", by, without)

    def max(self, by: Labels = None, without: Labels = None) -> Self:
        return self.aggregated("max", by, without)

    def min(self, by: Labels = None, without: Labels = None) -> Self:
        return self.aggregated("min", by, without)

    def count(self, by: Labels = None, without: Labels = None) -> Self:
        return self.aggregated("count", by, without)

    def topk(self, how_many: int, by: Labels = None) -> Self:
        return self.aggregated("topk", by, None, how_many)

    def bottomk(self, how_many: int, by: Labels = None) -> Self:
        return self.aggregated("bottomk", by, None, how_many)

    def aggregated(self, function: str, by: Labels = None, without: Labels = None, how_many: int | None = None) -> Self:
        """Aggregate over labels. `function` is LogQL's name: `stddev`, `sort_desc`..."""
        _texts({"function": function})
        grouping = _grouping(function, by, without)
        parameter = None if how_many is None else _number(how_many, "how_many")
        return self._as(VectorAggregation(function, self.tree, parameter, grouping))

    def label_replace(self, to: str, replacement: str, source: str, regex: str) -> Self:
        _texts({"to": to, "replacement": replacement, "source": source, "regex": regex})
        return self._as(LabelReplace(self.tree, to, replacement, source, regex))

    def joined(
        self,
        op: str,
        other: "Samples | float",
        on: Labels = None,
        ignoring: Labels = None,
        group_left: Labels = None,
        group_right: Labels = None,
        returns_bool: bool = False,
    ) -> Self:
        """Join with another query. `op` is LogQL's operator, including `and`, `or`, `unless`, `>`."""
        _texts({"op": op})
        right = other.tree if isinstance(other, Samples) else _number(other, "other")
        matching = None
        if on is not None and ignoring is not None:
            raise LogQLError("two sides are joined on labels or ignoring labels, not both", "", 0)
        if group_left is not None and group_right is not None:
            raise LogQLError("many are on the left side or on the right, not on both: group_left or group_right", "", 0)
        if on is not None or ignoring is not None:
            many = group_left if group_left is not None else group_right
            group = "" if many is None else "group_left" if group_left is not None else "group_right"
            matching = Matching(on is not None, _names(on or ignoring or ()), group, _names(many or ()))
        elif group_left is not None or group_right is not None:
            raise LogQLError("group_left and group_right need `on` or `ignoring`", "", 0)
        return self._as(Binary(op, self.tree, right, returns_bool, matching))

    def __add__(self, other: "Samples | float") -> Self:
        return self.joined("+", other)

    def __sub__(self, other: "Samples | float") -> Self:
        return self.joined("-", other)

    def __mul__(self, other: "Samples | float") -> Self:
        return self.joined("*", other)

    def __truediv__(self, other: "Samples | float") -> Self:
        return self.joined("/", other)

    def __mod__(self, other: "Samples | float") -> Self:
        return self.joined("%", other)

    def __pow__(self, other: "Samples | float") -> Self:
        return self.joined("^", other)

    def __radd__(self, other: float) -> Self:
        return self._of(other, "+")

    def __rsub__(self, other: float) -> Self:
        return self._of(other, "-")

    def __rmul__(self, other: float) -> Self:
        return self._of(other, "*")

    def __rtruediv__(self, other: float) -> Self:
        return self._of(other, "/")

    def __rmod__(self, other: float) -> Self:
        return self._of(other, "%")

    def __rpow__(self, other: float) -> Self:
        return self._of(other, "^")

    def _of(self, number: float, op: str) -> Self:
        return self._as(Binary(op, _number(number, "other"), self.tree))

    def _as(self, tree: Metric) -> Self:
        return replace(self, tree=checked(tree))


@dataclass(frozen=True, slots=True)
class Several:
    """Several numbers from the same lines. Loki must allow it (`enable_multi_variant_queries`)."""

    tree: Variants

    def __str__(self) -> str:
        return one_line(self.tree)


def variants(first: Samples, *others: Samples, of: Lines, over: Length, offset: Length = "") -> Several:
    for variant in (first, *others):
        if not isinstance(variant, Samples):
            raise LogQLError(f"{variant} gives no numbers", "", 0)
    metrics = tuple(variant.tree for variant in (first, *others))
    return Several(checked(Variants(metrics, _range(of.tree, None, over, offset))))


def _ranged(
    op: str,
    lines: LogQuery,
    unwrapped: Unwrap | None,
    over: Length,
    offset: Length,
    parameter: Number | None = None,
    grouping: Grouping | None = None,
) -> Samples:
    log_range = _range(lines, unwrapped, over, offset)
    return Samples(checked(RangeAggregation(op, log_range, parameter, grouping)))


def _range(lines: LogQuery, unwrapped: Unwrap | None, over: Length, offset: Length) -> LogRange:
    over, offset = _length("over", over), _length("offset", offset)
    nanoseconds = literals.range_duration(over)
    if nanoseconds is None:
        raise LogQLError(f"[{over}] is no range like [5m] or [1h30m]", over, 0)
    back = literals.duration(offset) if offset else None
    if offset and back is None:
        raise LogQLError(f"{offset} is not a duration like 1h", offset, 0)
    shifted = None if back is None else DurationValue(back, offset)
    return LogRange(lines, DurationValue(nanoseconds, over), unwrapped, shifted)


def checked(tree: Tree) -> Tree:
    """Return the same tree, if its text parses to it and Loki would run it. Raises LogQLError."""
    try:
        text = one_line(tree)
    except RecursionError:
        raise LogQLError(f"more than {MAX_JOINS} operators and conditions", "", 0) from None
    read = parse(text)
    if read != tree:
        raise LogQLError("this is read as another query than was built: a name in it is none", text, 0)
    for (start, _), why in refusals(read):
        raise LogQLError(why, text, start)
    return tree


def _grouping(function: str, by: Labels, without: Labels) -> Grouping | None:
    if by is not None and without is not None:
        raise LogQLError(f"{function} groups by labels or without labels, not both", "", 0)
    if without is not None:
        return Grouping(_names(without), without=True)
    return None if by is None else Grouping(_names(by))


def _condition(label: str | Condition, op: str = "", value: Value = "") -> Condition:
    if not isinstance(label, Condition):
        if not op:
            raise LogQLError(f"{label!r} is no condition: it takes an operator and a value", "", 0)
        return condition(label, op, value)
    if op or value != "":
        raise LogQLError(f"a whole condition takes no operator and no value: {op} {value}", "", 0)
    return label


def _nanoseconds(value: timedelta) -> int:
    nanoseconds = ((value.days * 86_400 + value.seconds) * 10**6 + value.microseconds) * 1000
    if abs(nanoseconds) > literals.MAX_NS:
        raise LogQLError(f"{value} is longer than Loki can count: 292 years", "", 0)
    return nanoseconds


def _length(argument: str, value: Length) -> str:
    if isinstance(value, timedelta):
        return literals.write_duration(_nanoseconds(value))
    if not isinstance(value, str):
        raise LogQLError(f"{argument} is {value!r}, which is no length of time such as 5m", "", 0)
    return value


def _number(value: float, argument: str) -> Number:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise LogQLError(f"{argument} is {value!r}, which is not a number", "", 0)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise LogQLError(f"{number} cannot be written in LogQL: numbers are finite", "", 0)
    return Number(number)


def _texts(arguments: Mapping[Any, Any]) -> None:
    """Raise LogQLError for the first argument that is not text: `status=200` should be `status="200"`."""
    for name, value in arguments.items():
        if not isinstance(value, str):
            raise LogQLError(f"{name} is {value!r}, which is no text", "", 0)


def _mapping(argument: str, value: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if not isinstance(value, Mapping | None):
        raise LogQLError(f"{argument} is {value!r}, which is no mapping of names", "", 0)
    return value or {}


def _names(labels: Iterable[str]) -> tuple[str, ...]:
    """A single word is not a list of its letters."""
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        raise LogQLError(f"labels come in a list: [{labels!r}]", "", 0)
    names = tuple(labels)
    for name in names:
        _texts({"a label": name})
    return names


def _names_or_matchers(labels: tuple[str | Matcher, ...]) -> tuple[str | Matcher, ...]:
    _names(label for label in labels if not isinstance(label, Matcher))
    return labels


def _extractions(fields: Mapping[str, str] | None) -> tuple[Extraction, ...]:
    expressions = _mapping("fields", fields)
    for label, expression in expressions.items():
        _texts({"a label": label, label: expression})
    return tuple(Extraction(*item) for item in expressions.items())


def _comparing(op: str) -> str:
    return "==" if op == "=" else op
