"""What makes a query slow, wrong or fragile, why, and the query that is not.

Each rule looks at one thing, and is silent where it cannot say what would be better.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from logops.logql import literals
from logops.logql.refused import refusals
from logops.logql.text import one_line
from logops.logql.tree import (
    Binary,
    Both,
    Comparison,
    Condition,
    Duration,
    Either,
    Grouping,
    IpMatch,
    Json,
    LabelFilter,
    LabelFormat,
    LineFilter,
    LineFormat,
    Logfmt,
    LogQuery,
    LogRange,
    Matcher,
    Needle,
    Number,
    Parser,
    Pattern,
    Query,
    RangeAggregation,
    Regexp,
    Selector,
    Span,
    Unpack,
    Unwrap,
    VectorAggregation,
)
from logops.logql.walk import all_of, instead, nodes
from logops.logql.words import COMPARISON_OPS

Severity = Literal["error", "slow", "fragile"]
"""error: Loki refuses it. slow: the same answer for less. fragile: it fails, or lies, on some lines."""

PARSERS = (Json, Logfmt, Pattern, Regexp, Unpack)
PLAIN = re.compile(r"(?:[^\\.+*?()|\[\]{}^$]|\\[\\.+*?()|\[\]{}^$/-])+")
PLAIN_VALUE = re.compile(r"[A-Za-z0-9_./:@ -]+")
FIELD = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)")
MAX_WORDS = 8


@dataclass(frozen=True)
class Context:
    """What is known besides the query."""

    step_ns: int | None = None
    """Between two points of the answer."""
    metadata: frozenset[str] = frozenset()
    """Labels that come as structured metadata: no parser is needed for them."""


@dataclass(frozen=True)
class Advice:
    """`rewrite`: the whole query as it would be better; empty where only its author can know."""

    rule: str
    severity: Severity
    why: str
    span: Span
    rewrite: str = ""


Found = tuple[Span, str, Query | None]
"""Where, why, and what would be better."""


def lint(query: Query, context: Context = Context()) -> list[Advice]:
    """In the order of the text."""
    found = [
        Advice(rule.name, rule.severity, why, span, one_line(better) if better is not None else "")
        for rule in RULES
        for span, why, better in rule.look(query, context)
    ]
    return sorted(found, key=lambda one: one.span)


def refused_when_run(query: Query, _: Context) -> Iterator[Found]:
    for span, why in refusals(query):
        yield span, f"Loki refuses this as it runs the query: {why}.", None


def filter_before_parser(query: Query, context: Context) -> Iterator[Found]:
    for lines in all_of(query, LogQuery):
        at = next((at for at, stage in enumerate(lines.stages) if isinstance(stage, PARSERS)), None)
        if at is None or any(narrows(stage) for stage in lines.stages[:at]):
            continue
        parser = lines.stages[at]
        known = {matcher.name for matcher in lines.selector.matchers} | context.metadata
        text = text_wanted(lines, at, known)
        if text:
            stages = (*lines.stages[:at], LineFilter("|=", (Needle(text),)), *lines.stages[at:])
            yield (
                parser.span,
                f"every line is parsed, and then most are dropped. Only lines with {literals.quote(text)} in them can "
                "pass: a line filter before the parser finds those for a fraction of the time.",
                instead(query, lines, replace(lines, stages=stages)),
            )


def narrows(stage: object) -> bool:
    return isinstance(stage, LabelFilter) or (
        isinstance(stage, LineFilter) and any(needle.text for needle in stage.needles)
    )


def text_wanted(lines: LogQuery, at: int, known: set[str]) -> str:
    """A text without which no line passes the label filters after the parser; empty where none is sure."""
    parser = lines.stages[at]
    for stage in lines.stages[at + 1 :]:
        if isinstance(stage, (LineFormat, LabelFormat)):
            return ""
        if isinstance(stage, LabelFilter):
            for condition in required(stage.condition):
                if condition.name in known or condition.name.startswith("__"):
                    continue
                if isinstance(condition, Matcher) and condition.op == "=" and PLAIN_VALUE.fullmatch(condition.value):
                    return condition.value
                if isinstance(parser, (Json, Logfmt)) and not parser.fields and needs_field(condition):
                    # `user_id` may be {"user": {"id": 1}}: only one part of it is sure to stand in the line.
                    return max(condition.name.split("_"), key=len)
    return ""


def required(condition: Condition) -> Iterator[Matcher | Comparison | IpMatch]:
    """Those that must hold, whatever else does."""
    if isinstance(condition, Both):
        yield from required(condition.left)
        yield from required(condition.right)
    elif not isinstance(condition, Either):
        yield condition


def needs_field(condition: Matcher | Comparison | IpMatch) -> bool:
    """Whether a line without the field cannot pass."""
    return isinstance(condition, Comparison) or (isinstance(condition, Matcher) and condition.op == "=~")


def metadata_would_do(query: Query, context: Context) -> Iterator[Found]:
    for lines in all_of(query, LogQuery):
        parsers = [stage for stage in lines.stages if isinstance(stage, PARSERS)]
        if len(parsers) != 1:
            continue
        used = labels_used(query, lines)
        if used and used <= context.metadata:
            yield (
                parsers[0].span,
                f"{', '.join(sorted(used))} comes with each line as structured metadata: no parser is needed for it.",
                without_stage(query, lines, parsers[0]),
            )


def unused_parser(query: Query, _: Context) -> Iterator[Found]:
    """Only where an aggregation by labels stands right over the range: elsewhere the labels are part of the answer."""
    for outer in all_of(query, VectorAggregation):
        found = outer.inner
        if not isinstance(found, RangeAggregation) or found.range.unwrap or (outer.grouping and outer.grouping.without):
            continue
        lines = found.range.query
        parsers = [stage for stage in lines.stages if isinstance(stage, PARSERS)]
        if len(parsers) == 1 and outer.op == "sum" and not labels_used(query, lines):
            yield (
                parsers[0].span,
                "no label of this parser is used: it only costs time, on every line.",
                without_stage(query, lines, parsers[0]),
            )


def labels_used(query: Query, lines: LogQuery) -> set[str]:
    """After the parser, by name; those of the streams aside, but for __error__, which goes with the parser."""
    used: set[str] = set()
    for found in nodes(query):
        match found:
            case Comparison() | IpMatch():
                used.add(found.name)
            case LabelFilter(condition=Matcher(name=name)):
                used.add(name)
            case Both() | Either():
                used |= {one.name for one in (found.left, found.right) if isinstance(one, Matcher)}
            case LineFormat():
                used |= set(FIELD.findall(found.template))
            case LabelFormat():
                for label in found.labels:
                    used |= {label.value} if label.renames else set(FIELD.findall(label.value))
            case Unwrap():
                used.add(found.label)
            case Grouping():
                used |= set(found.labels)
    return {name for name in used if name != "__error__"} - {matcher.name for matcher in lines.selector.matchers}


def without_stage(query: Query, lines: LogQuery, gone: Parser) -> Query:
    """And without the look at whether it failed."""
    kept = tuple(
        stage
        for stage in lines.stages
        if stage is not gone
        and not (
            isinstance(stage, LabelFilter)
            and isinstance(stage.condition, Matcher)
            and stage.condition.name == "__error__"
        )
    )
    return instead(query, lines, replace(lines, stages=kept))


def regex_for_text(query: Query, _: Context) -> Iterator[Found]:
    for found in all_of(query, LineFilter):
        if found.op not in ("|~", "!~"):
            continue
        words = [plain_words(needle.text) for needle in found.needles]
        if any(needle.ip for needle in found.needles) or not all(words):
            continue
        needles = tuple(Needle(word) for group in words for word in group)
        plain = replace(found, op="|=" if found.op == "|~" else "!=", needles=needles)
        yield (
            found.span,
            "this regular expression is plain text, which is searched for several times faster.",
            instead(query, found, plain),
        )
    for matcher in all_of(query, Matcher):
        if matcher.op in ("=~", "!~") and matcher.value and PLAIN.fullmatch(matcher.value):
            plain_matcher = replace(matcher, op=matcher.op.replace("~", "") if matcher.op == "=~" else "!=")
            plain_matcher = replace(plain_matcher, value=unescaped(matcher.value))
            yield matcher.span, "this regular expression is one value.", instead(query, matcher, plain_matcher)


def plain_words(regex: str) -> list[str]:
    """The texts that a regular expression is an alternative of; none where it is more than that."""
    core = regex
    while core.startswith((".*", ".+")) and core.startswith(".*"):
        core = core[2:]
    while core.endswith(".*") and not core.endswith("\\.*"):
        core = core[:-2]
    if core.startswith("(") and core.endswith(")") and core.count("(") == 1:
        core = core[1:-1].removeprefix("?:")
    words = re.split(r"(?<!\\)\|", core)
    if len(words) > MAX_WORDS or not all(PLAIN.fullmatch(word) for word in words):
        return []
    return [unescaped(word) for word in words]


def unescaped(regex: str) -> str:
    return re.sub(r"\\(.)", r"\1", regex)


def any_text_around(query: Query, _: Context) -> Iterator[Found]:
    for found in all_of(query, LineFilter):
        for needle in found.needles if found.op in ("|~", "!~") else ():
            core = re.sub(r"^(\.\*\??)+|(?<!\\)(\.\*\??)+$", "", needle.text)
            if core and core != needle.text and not plain_words(needle.text):
                yield (
                    needle.span,
                    "a line filter finds its text anywhere in the line: `.*` at an end only makes it look further.",
                    instead(query, needle, replace(needle, text=core)),
                )


def selects_all(query: Query, _: Context) -> Iterator[Found]:
    for selector in all_of(query, Selector):
        if all(takes_most(matcher) for matcher in selector.matchers):
            names = ", ".join(matcher.name for matcher in selector.matchers)
            yield (
                selector.span,
                f"this reads every stream that has {names}: all of the tenant, as a rule. Name values, as in "
                f'{{{selector.matchers[0].name}="..."}}.',
                None,
            )


def takes_most(matcher: Matcher) -> bool:
    return (matcher.op == "=~" and matcher.value in (".+", ".*", "..*", "(.+)", ".+?")) or (
        matcher.op in ("!=", "!~") and matcher.value in ("", "^$")
    )


def unwrap_errors(query: Query, _: Context) -> Iterator[Found]:
    for unwrap in all_of(query, Unwrap):
        if not any(matcher.name == "__error__" for matcher in all_of(unwrap.filters, Matcher)):
            guarded = replace(unwrap, filters=(Matcher("__error__", "=", ""), *unwrap.filters))
            yield (
                unwrap.span,
                f'one line whose {unwrap.label} is no number fails the whole query. | __error__="" leaves such lines '
                "out.",
                instead(query, unwrap, guarded),
            )


def division_by_zero(query: Query, _: Context) -> Iterator[Found]:
    for found in all_of(query, Binary):
        if found.op in ("/", "%") and can_be_zero(found.right):
            above = Binary(">", found.right, Number(0.0))
            yield (
                found.span,
                "what it divides by can be 0, and the answer is then NaN, which no alert compares with anything: "
                "> 0 leaves such points out.",
                instead(query, found, replace(found, right=above)),
            )


def can_be_zero(query: Query) -> bool:
    if isinstance(query, Number):
        return query.value == 0
    guarded = isinstance(query, Binary) and (query.op in COMPARISON_OPS or query.op == "or")
    return not guarded and any(all_of(query, RangeAggregation))


def range_below_step(query: Query, context: Context) -> Iterator[Found]:
    if context.step_ns is None:
        return
    for found in all_of(query, LogRange):
        if found.range.nanoseconds < context.step_ns:
            step = Duration(context.step_ns)
            yield (
                found.range.span,
                f"a range of {found.range.text} every {literals.write_duration(context.step_ns)} leaves lines between "
                "two points uncounted.",
                instead(query, found.range, step),
            )


@dataclass(frozen=True)
class Rule:
    name: str
    severity: Severity
    look: Callable[[Query, Context], Iterable[Found]]


RULES = (
    Rule("refused-when-run", "error", refused_when_run),
    Rule("filter-before-parser", "slow", filter_before_parser),
    Rule("metadata-would-do", "slow", metadata_would_do),
    Rule("unused-parser", "slow", unused_parser),
    Rule("regex-for-text", "slow", regex_for_text),
    Rule("any-text-around", "slow", any_text_around),
    Rule("selects-all", "slow", selects_all),
    Rule("unwrap-errors", "fragile", unwrap_errors),
    Rule("division-by-zero", "fragile", division_by_zero),
    Rule("range-below-step", "fragile", range_below_step),
)
