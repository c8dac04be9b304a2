"""Parse LogQL: the tree, its spans, and the errors for invalid queries."""

import pytest

from logops.logql.errors import LogQLError
from logops.logql.lint.check import lint
from logops.logql.parse import MAX_DEPTH, MAX_JOINS, parse, parse_selector
from logops.logql.text import one_line, pretty
from logops.logql.tree import (
    Binary,
    Both,
    Comparison,
    DurationValue,
    Either,
    LabelFilter,
    LineFilter,
    LogQuery,
    Matcher,
    Needle,
    Number,
    RangeAggregation,
    VectorAggregation,
)
from logops.logql.walk import all_of


def condition(text: str) -> object:
    query = parse(f'{{a="b"}} | {text}')
    assert isinstance(query, LogQuery)
    (stage,) = query.stages
    assert isinstance(stage, LabelFilter)
    return stage.condition


A, B, C = (Matcher(name, "=", "1") for name in "abc")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ('a="1" or b="1" or c="1"', Either(Either(A, B), C)),
        ('a="1" or b="1" and c="1"', Either(A, Both(B, C))),
        ('a="1" and b="1" or c="1"', Either(Both(A, B), C)),
        # As in Loki's grammar, a comma or a blank takes all conditions that follow.
        ('a="1", b="1" or c="1"', Both(A, Either(B, C))),
        ('a="1" and b="1" c="1"', Both(A, Both(B, C))),
    ],
)
def test_condition_precedence_matches_loki(text: str, tree: object) -> None:
    assert condition(text) == tree


@pytest.mark.parametrize(
    ("query", "left_first"),
    [("1 - 2 - 3", True), ("2 ^ 3 ^ 4", False), ("1 * 2 + 3", True), ("1 + 2 * 3", False), ("1 > 2 + 3", False)],
)
def test_operator_precedence_matches_loki(query: str, left_first: bool) -> None:
    found = parse(query)

    assert isinstance(found, Binary)
    assert isinstance(found.left if left_first else found.right, Binary)


def test_range_before_stages_is_parsed() -> None:
    assert parse('rate({a="b"}[5m] | json)') == parse('rate({a="b"} | json [5m])')


def test_keywords_are_parsed_in_any_case() -> None:
    assert parse('SUM BY (a) (Rate({a="b"}[5m]))') == parse('sum by (a) (rate({a="b"}[5m]))')


def test_function_name_is_accepted_as_label_name() -> None:
    query = parse('sum by (rate) (rate({sum="b"}[5m]))')

    assert isinstance(query, VectorAggregation)
    assert query.grouping is not None
    assert query.grouping.labels == ("rate",)


def test_comments_are_ignored_by_parser() -> None:
    assert parse('{a="b"} # all\n|= "c" // these\n/* and */ |= "d"') == parse('{a="b"} |= "c" |= "d"')


def test_strings_are_parsed_as_in_go() -> None:
    query = parse(r'{a="b"} |= "\x41\101A\n\"" |= `\x41`')

    assert [one.text for one in all_of(query, Needle)] == ['AAA\n"', r"\x41"]


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [("1h30m", 5400 * 10**9), ("1.5h", 5400 * 10**9), ("1d", 86_400 * 10**9), ("20us", 20_000), ("-3s", -3 * 10**9)],
)
def test_durations_are_parsed_to_nanoseconds(text: str, nanoseconds: int) -> None:
    found = condition(f"took > {text}")

    assert isinstance(found, Comparison)
    assert found.value == DurationValue(nanoseconds)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('rate({a="b"} | json [5m] offset 1h)', '{a="b"} | json'),
        ('sum_over_time({a="b"} | json | unwrap x | y="" [5m])', '{a="b"} | json'),
        ('sum_over_time(({a="b"} | unwrap x)[5m])', '{a="b"}'),
        ('rate({a="b"}[5m])', '{a="b"}'),
    ],
)
def test_log_query_span_ends_before_unwrap_or_range(text: str, lines: str) -> None:
    (found,) = all_of(parse(text), LogQuery)

    assert text[slice(*found.span)] == lines


def test_node_span_covers_its_text() -> None:
    text = 'sum(rate({job="nginx"} |= "GET" | status >= 500 [5m])) / 2'
    query = parse(text)
    kinds = (Binary, RangeAggregation, Matcher, LineFilter, Comparison, DurationValue)
    places = {kind.__name__: next(all_of(query, kind)).span for kind in kinds}  # type: ignore[type-abstract]

    assert {name: text[start:end] for name, (start, end) in places.items()} == {
        "Binary": text,
        "RangeAggregation": 'rate({job="nginx"} |= "GET" | status >= 500 [5m])',
        "Matcher": 'job="nginx"',
        "LineFilter": '|= "GET"',
        "Comparison": "status >= 500",
        "DurationValue": "[5m]",
    }
    assert [text[slice(*one.span)] for one in all_of(query, Number)] == ["500", "2"]


@pytest.mark.parametrize(
    ("query", "column", "told"),
    [
        ("", 1, "expected a stream selector like {job=...}, or a function like rate(...), found the end"),
        ('{job="a"', 9, "expected a comma or }, found the end"),
        ("{}", 2, "a selector needs at least one label, as in {job=...}"),
        ('{job=~".*"}', 1, "every matcher of this selector also takes streams without the label: one must refuse them"),
        ('{json="a"}', 2, "expected a label, found json, which LogQL keeps for itself"),
        ("{job='ab'}", 6, "strings stand in double quotes or backticks"),
        ('{job="a}', 6, 'this string does not end with "'),
        ('{job="a"} |= error', 14, "expected a string in double quotes or backticks, found error"),
        ('{job="a"} | json | x >', 23, "expected a string, a number, a duration like 1s, or a size like 10KB"),
        ('{job="a"} | pattern "x"', 21, '"x" is no pattern: it has no capture like <name>'),
        ('{job="a"} | regexp "x"', 20, '"x" captures nothing: a group like (?P<name>...)'),
        ('{job=~"("}', 7, '"(" is no regular expression: missing ): ('),
        ('rate({job="a"})', 15, "expected | and a stage, or a range like [5m], found )"),
        ('rate({job="a"}[5 m])', 15, "[5 m] is no range like [5m] or [1h30m]"),
        ('rate({job="a"}[5m', 15, "this range does not end with ]"),
        ('sum({job="a"})', 5, "expected numbers, found lines: count them, as in rate({...}[5m])"),
        ('topk(rate({job="a"}[5m]))', 6, "expected how many and a comma, as in topk(10, ...), found rate"),
        ('quantile_over_time({job="a"} | unwrap x [5m])', 20, "expected the quantile and a comma"),
        ('avg_over_time({job="a"}[5m])', 24, "avg_over_time needs numbers: | unwrap and a label, before the range"),
        ('count_over_time({job="a"} | unwrap x [5m])', 27, "count_over_time counts lines: it takes no unwrap"),
        ('rate({job="a"}[5m]) by (x)', 21, "rate does not group: sum by (...) (rate(...)) does"),
        ('{job="a"} + 1', 11, "+ joins numbers: one side of it answers with lines, not with numbers"),
        ('rate({job="a"}[5m]) and 1', 21, "and joins series: a number is none"),
        ("08", 1, "08 is not a number"),
        ('{job="a"}\n  |= ', 6, "expected a string in double quotes or backticks, found the end"),
        ('{job="a"} |= "\\q"', 14, 'an escape in "\\q" that is none'),
        ('{job="a\0"}', 8, "a NUL character"),
        ('{job="a"} /* x', 11, "this comment does not end with */"),
    ],
)
def test_parse_error_has_reason_and_column(query: str, column: int, told: str) -> None:
    with pytest.raises(LogQLError) as refused:
        parse(query)

    assert refused.value.reason.startswith(told)
    assert refused.value.column == column


def test_parse_error_shows_line_and_caret() -> None:
    with pytest.raises(LogQLError) as refused:
        parse('{job="a"}\n  | json\n  | level >')

    assert str(refused.value).startswith("line 3, column 12: expected a string")
    assert refused.value.picture() == "  | level >\n           ^"


@pytest.mark.parametrize(
    ("text", "at", "picture"),
    [
        ('{job="日本語"} | frob', 14, '{job="日本語"} | frob\n                 ^'),
        ('{job="e\u0301"} | frob', 13, '{job="e\u0301"} | frob\n            ^'),
        ("0123456789" * 10, 100, "12345678901234567890123456789\n" + " " * 29 + "^"),
        ("0123456789" * 10, 50, "234567890123456789012345678901\n" + " " * 18 + "^"),
        ("日" * 100, 50, "日" * 15 + "\n" + " " * 28 + "^"),
    ],
)
def test_caret_is_below_its_character_within_terminal_width(text: str, at: int, picture: str) -> None:
    assert LogQLError("", text, at).picture(30) == picture


def test_query_nested_too_deep_is_refused() -> None:
    with pytest.raises(LogQLError, match=f"nested deeper than {MAX_DEPTH}"):
        parse("(" * 5000 + "1" + ")" * 5000)


@pytest.mark.parametrize(
    "query",
    [
        '{a="b"} | ' + " or ".join(['x="1"'] * 3000),
        '{a="b"} | ' + ", ".join(['x="1"'] * 3000),
        '{a="b"} | ' + " ".join(['x="1"'] * 3000),
        "^".join(["1"] * 3000),
        " or ".join(["vector(1)"] * 3000),
    ],
)
def test_query_with_too_many_operators_is_refused(query: str) -> None:
    with pytest.raises(LogQLError, match=f"more than {MAX_JOINS} operators and conditions"):
        parse(query)


@pytest.mark.parametrize(
    "query",
    [
        '{a="b"} | ' + " or ".join(['x="1"'] * (MAX_JOINS + 1)),
        '{a="b"} | ' + ", ".join(['x="1"'] * (MAX_JOINS + 1)),
        "sum(" * MAX_DEPTH + "^".join(["2"] * (MAX_JOINS + 1)) + ")" * MAX_DEPTH,
        "sum(" * MAX_DEPTH + " or ".join(["vector(1)"] * (MAX_JOINS + 1)) + ")" * MAX_DEPTH,
        "sum(" * (MAX_DEPTH - 1)
        + 'rate({a="b"} | '
        + ", ".join(['x="1" or y="1"'] * (MAX_JOINS // 2))
        + "[1m]"
        + ")" * MAX_DEPTH,
        "(" * (MAX_DEPTH // 2) + "1" + " ^ 2 + 1)" * (MAX_DEPTH // 2),
    ],
)
def test_query_at_parser_limits_can_be_written_linted_and_compared(query: str) -> None:
    tree = parse(query)

    assert parse(one_line(tree)) == tree
    assert parse(pretty(tree, 20)) == tree
    assert hash(tree) == hash(parse(query))
    lint(tree)


NINES = "9" * 5000


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (f'rate({{a="b"}}[{NINES}m])', "is no range like"),
        (f"topk({NINES}, vector(1))", "topk takes a whole number above 0"),
        (f'{{a="b"}} | x > {NINES}s', "found the end"),
    ],
)
def test_number_with_5000_digits_is_refused_with_reason(query: str, reason: str) -> None:
    with pytest.raises(LogQLError, match=reason):
        parse(query)


def test_fraction_with_5000_digits_is_parsed() -> None:
    assert condition(f"x > 0.{NINES}s") == Comparison("x", ">", DurationValue(10**9))


def test_invalid_utf8_byte_is_refused_with_position() -> None:
    with pytest.raises(LogQLError) as refused:
        parse('{a="b"} |= "\udcff"')

    assert (refused.value.reason, refused.value.at) == ("a byte that is no UTF-8", 12)


def test_query_longer_than_loki_limit_is_refused() -> None:
    with pytest.raises(LogQLError, match="longer than Loki takes: 131,072 bytes"):
        parse('{a="' + "x" * 131_072 + '"}')


def test_parse_selector_accepts_only_a_selector() -> None:
    assert parse_selector('{a="b", c!~"d.*"}').matchers[1] == Matcher("c", "!~", "d.*")
    with pytest.raises(LogQLError, match="expected a stream selector alone"):
        parse_selector('{a="b"} |= "c"')
