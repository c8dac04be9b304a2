"""Hypothesis strategies: LogQL trees that Loki accepts, and slightly damaged LogQL texts."""

import random
from dataclasses import replace
from itertools import pairwise

from hypothesis import strategies as st

from logops.logql.text import one_line
from logops.logql.tokens import tokens_of
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
from logops.logql.words import (
    COMPARISON_OPS,
    CONVERSIONS,
    COUNTING_RANGE_OPS,
    GROUPED_RANGE_OPS,
    LINE_FILTER_OPS,
    LOGICAL_OPS,
    MATCH_OPS,
    PRECEDENCE,
    RANKING_OPS,
    SORT_OPS,
    UNWRAPPED_RANGE_OPS,
    VECTOR_OPS,
)

# Includes function names: without a parenthesis, they are plain names.
NAMES = st.sampled_from(["app", "job", "level", "status", "rate", "sum", "bytes", "ip", "count", "_x9", "Größe"])
TEXTS = st.one_of(
    st.sampled_from(["", "error", 'a"b', "back`tick", "C:\\dir", "tab\there", "line\nbreak", "ünïcode ✓", "{{.a}}"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
)
REGEXES = st.sampled_from(["a|b", "(?i)warn.*", r"\d+\s", "[a-z]{2,5}", "x.+", "^/api/v1", r"\Qa.b\E", "(a(b)c)?"])
PATTERNS = st.sampled_from(["<ip> - <_>", "a <b> c", '<_> <x>"', "<a>/<b>"])
MILLISECONDS = st.integers(1, 10**12).map(lambda count: DurationValue(count * 1_000_000))
DURATIONS = st.one_of(MILLISECONDS, st.integers(1, 10**15).map(DurationValue))
NUMBERS = st.one_of(st.integers(0, 10**6).map(float), st.floats(0, 1e300)).map(Number)


def sampled(words: frozenset[str]) -> st.SearchStrategy[str]:
    return st.sampled_from(sorted(words))


def tuples(one: st.SearchStrategy, least: int = 0, most: int = 3) -> st.SearchStrategy[tuple]:
    return st.lists(one, min_size=least, max_size=most).map(tuple)


@st.composite
def matchers(draw: st.DrawFn) -> Matcher:
    op = draw(sampled(MATCH_OPS))
    return Matcher(draw(NAMES), op, draw(REGEXES if op in ("=~", "!~") else TEXTS))


def selectors() -> st.SearchStrategy[Selector]:
    sure = st.sampled_from([Matcher("job", "=", "nginx"), Matcher("app", "=~", ".+"), Matcher("env", "!=", "")])
    return st.tuples(sure, tuples(matchers(), most=2)).map(lambda found: Selector((found[0], *found[1])))


@st.composite
def comparisons(draw: st.DrawFn) -> Comparison:
    value = draw(
        st.one_of(NUMBERS, NUMBERS.map(lambda one: Number(-one.value)), DURATIONS, st.integers(0, 2**50).map(Bytes))
    )
    return Comparison(draw(NAMES), draw(sampled(COMPARISON_OPS)), value)


def conditions() -> st.SearchStrategy[Condition]:
    ips = st.builds(IpMatch, NAMES, st.sampled_from(["=", "!="]), TEXTS)
    return st.recursive(
        st.one_of(matchers(), comparisons(), ips),
        lambda inner: st.one_of(st.builds(Both, inner, inner), st.builds(Either, inner, inner)),
        max_leaves=4,
    )


def line_filters() -> st.SearchStrategy[LineFilter]:
    needles = st.builds(Needle, TEXTS, st.booleans())
    return st.builds(LineFilter, sampled(LINE_FILTER_OPS), tuples(needles, 1))


def stages() -> st.SearchStrategy[Stage]:
    fields = tuples(st.builds(Extraction, NAMES, TEXTS))
    named = tuples(st.one_of(NAMES, matchers()), 1)
    return st.one_of(
        line_filters(),
        st.builds(Json, fields),
        st.builds(Logfmt, fields, st.booleans(), st.booleans()),
        st.builds(Pattern, PATTERNS),
        st.just(Regexp(r"(?P<a>\w+) (?P<b>\d+)")),
        st.just(Unpack()),
        st.builds(LabelFilter, conditions()),
        st.builds(LineFormat, TEXTS),
        st.builds(
            LabelFormat,
            tuples(
                st.one_of(
                    st.builds(LabelAssignment, NAMES, NAMES, st.just(True)),
                    st.builds(LabelAssignment, NAMES, TEXTS, st.just(False)),
                ),
                1,
            ),
        ),
        st.just(Decolorize()),
        st.builds(Drop, named),
        st.builds(Keep, named),
    )


def log_queries() -> st.SearchStrategy[LogQuery]:
    return st.builds(LogQuery, selectors(), tuples(stages(), most=5).filter(can_be_written))


def can_be_written(found: tuple[Stage, ...]) -> bool:
    """Return whether the stages can be written as text: `| drop a != "b"` is always read as one stage."""
    return not any(
        isinstance(one, (Drop, Keep)) and isinstance(one.labels[-1], str) and isinstance(then, LineFilter)
        for one, then in pairwise(found)
    )


def groupings(least: int = 0) -> st.SearchStrategy[Grouping]:
    return st.builds(Grouping, tuples(NAMES, least), st.booleans())


@st.composite
def range_aggregations(draw: st.DrawFn) -> RangeAggregation:
    unwrap = draw(
        st.none() | st.builds(Unwrap, NAMES, st.just("") | sampled(CONVERSIONS), tuples(conditions(), most=2))
    )
    op = draw(sampled(COUNTING_RANGE_OPS if unwrap is None else UNWRAPPED_RANGE_OPS))
    offset = draw(st.none() | DURATIONS)
    found = LogRange(draw(log_queries()), draw(MILLISECONDS), unwrap, offset)
    parameter = draw(NUMBERS) if op == "quantile_over_time" else None
    grouping = draw(st.none() | groupings()) if op in GROUPED_RANGE_OPS else None
    return RangeAggregation(op, found, parameter, grouping)


@st.composite
def vector_aggregations(draw: st.DrawFn, inner: st.SearchStrategy[Metric]) -> VectorAggregation:
    op = draw(sampled(VECTOR_OPS))
    parameter = Number(float(draw(st.integers(1, 50)))) if op in RANKING_OPS else None
    grouping = None if op in SORT_OPS or op == "approx_topk" else draw(st.none() | groupings())
    return VectorAggregation(op, draw(inner), parameter, grouping)


@st.composite
def binaries(draw: st.DrawFn, inner: st.SearchStrategy[Metric]) -> Binary:
    op = draw(sampled(frozenset(PRECEDENCE)))
    left, right = draw(inner), draw(inner)
    if op in LOGICAL_OPS:
        # A number is not a series.
        left, right = (replace_numbers(one) for one in (left, right))
    matching = None
    if draw(st.booleans()):
        group = draw(st.sampled_from(["", "group_left", "group_right"]))
        include = draw(tuples(NAMES, most=2)) if group else ()
        matching = Matching(draw(st.booleans()), draw(tuples(NAMES, most=2)), group, include)
    return Binary(op, left, right, draw(st.booleans()), matching)


def replace_numbers(found: Metric) -> Metric:
    if isinstance(found, Number):
        return Vector(Number(abs(found.value)))
    if isinstance(found, Binary):
        return replace(found, left=replace_numbers(found.left))
    return found


def metrics() -> st.SearchStrategy[Metric]:
    return st.recursive(
        st.one_of(range_aggregations(), NUMBERS, st.builds(Vector, NUMBERS)),
        lambda inner: st.one_of(
            vector_aggregations(inner),
            binaries(inner),
            st.builds(LabelReplace, inner, TEXTS, TEXTS, TEXTS, REGEXES),
        ),
        max_leaves=4,
    )


def queries() -> st.SearchStrategy[Query]:
    variants = st.builds(
        Variants, tuples(range_aggregations(), 1, 2), range_aggregations().map(lambda found: found.range)
    )
    return st.one_of(log_queries(), metrics(), variants)


WORDS = [
    "{",
    "}",
    "(",
    ")",
    "[5m]",
    "[]",
    "|",
    "|=",
    "!=",
    "=~",
    "!~",
    "|>",
    "==",
    ">",
    ",",
    "or",
    "and",
    "unless",
    "by",
    "without",
    "bool",
    "on",
    "ignoring",
    "group_left",
    "json",
    "logfmt",
    "unwrap",
    "offset",
    "drop",
    "keep",
    "ip",
    "rate",
    "sum",
    "topk",
    "sort",
    "vector",
    "label_replace",
    "variants",
    "of",
    "--strict",
    "-",
    "+",
    "^",
    "5",
    "0x1F",
    "08",
    "1_000",
    "1e3",
    "5m",
    "1.5h",
    "10KB",
    "-3s",
    "5PB",
    '"x"',
    "`y`",
    '"\\q"',
    '""',
    "app",
    "'c'",
    "#c\n",
    "//c\n",
    "/*c*/",
    ";",
    ".",
    ".5",
    "a",
    "%",
    "<=",
    "!",
]


CHARACTERS = "0123456789.eExXpP_+-\"'`\\nmsuµhdwyBKkiGb()[]{}|=~!<>#/* ,a?^$:PQE\n\té٣"
"""Characters of numbers, durations, sizes, strings, regular expressions and operators, and unusual characters."""


@st.composite
def nearly(draw: st.DrawFn) -> str:
    """Draw a query with up to two changes: tokens or characters removed, duplicated, swapped, replaced or inserted."""
    text = one_line(draw(queries()))
    found = tokens_of(text)
    pieces = [text[start:end] for start, end in zip(found.starts, found.ends, strict=True)]
    chosen = draw(st.randoms(use_true_random=False))
    for _ in range(draw(st.integers(0, 2))):
        change(pieces, chosen)
    return " ".join(pieces)


def change(pieces: list[str], chosen: random.Random) -> None:
    at = chosen.randrange(len(pieces))
    match chosen.randrange(8):
        case 0:
            pieces[at : at + 1] = []
            pieces.append("")
        case 1:
            pieces.insert(at, chosen.choice(pieces))
        case 2:
            pieces.insert(at, chosen.choice(WORDS))
        case 3:
            pieces[at] = chosen.choice(WORDS)
        case 4 | 5 | 6:
            pieces[at] = changed(pieces[at], chosen)
        case _:
            other = chosen.randrange(len(pieces))
            pieces[at], pieces[other] = pieces[other], pieces[at]


def changed(piece: str, chosen: random.Random) -> str:
    """Return the piece with one character removed, inserted or replaced."""
    at = chosen.randrange(len(piece) + 1)
    return piece[:at] + chosen.choice(["", *CHARACTERS]) + piece[at + chosen.randrange(2) :]
