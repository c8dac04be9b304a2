"""Write a query as text that parses to the same tree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.logql import literals
from logops.logql.parse import parse
from logops.logql.text import one_line, pretty
from logops.logql.tree import Query
from tests.support.logql_trees import queries


@given(queries())
def test_tree_written_on_one_line_parses_to_same_tree(tree: Query) -> None:
    assert parse(one_line(tree)) == tree


@given(queries())
def test_tree_written_over_several_lines_parses_to_same_tree(tree: Query) -> None:
    assert parse(pretty(tree, 20)) == tree


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_quoted_text_stays_equal_after_parse_and_write(text: str) -> None:
    query = f"{{a={literals.quote(text)}}} |= {literals.quote(text)}" if text else '{a="b"} |= ""'

    assert one_line(parse(query)) == query


@given(st.integers(0, literals.MAX_NS))
def test_written_duration_parses_to_same_value(nanoseconds: int) -> None:
    assert literals.duration(literals.write_duration(nanoseconds)) == nanoseconds


@given(st.integers(0, 2**50))
def test_written_size_parses_to_same_value(count: int) -> None:
    assert literals.size(literals.write_size(count)) == count


def test_literal_spelling_is_kept() -> None:
    query = '{a="b"} | took > 90m and size < 1.5MB and n > 0.50'

    assert one_line(parse(query)) == query


def test_long_query_is_written_over_several_lines() -> None:
    query = parse(
        'sum by (path) (rate({job="nginx"} |= "GET" | json path="request.path", status | status >= 500 [5m])) '
        '/ sum by (path) (rate({job="nginx"} |= "GET" | json path="request.path" [5m])) > 0.05'
    )

    assert pretty(query, 60).splitlines() == [
        "sum by (path) (",
        "  rate(",
        '    {job="nginx"}',
        '      |= "GET"',
        '      | json path="request.path", status',
        "      | status >= 500 [5m]",
        "  )",
        ")",
        "/ sum by (path) (",
        "  rate(",
        '    {job="nginx"}',
        '      |= "GET"',
        '      | json path="request.path" [5m]',
        "  )",
        ")",
        "> 0.05",
    ]


@pytest.mark.parametrize(
    ("query", "written"),
    [
        ("((rate({a='b'}[1m])))".replace("'", '"'), 'rate({a="b"} [1m])'),
        ('sum(rate({a="b"}[1m])) by (c)', 'sum by (c) (rate({a="b"} [1m]))'),
        ("1 + 2 * 3", "1 + 2 * 3"),
        ("(1 + 2) * 3", "(1 + 2) * 3"),
        ("2 ^ 3 ^ 2", "2 ^ 3 ^ 2"),
        ("(2 ^ 3) ^ 2", "(2 ^ 3) ^ 2"),
        ("1 - (2 - 3)", "1 - (2 - 3)"),
        ('{a="b"} | c="d", e="f"', '{a="b"} | c="d" and e="f"'),
        ('{a="b"} | (c="d" or e="f") and g="h"', '{a="b"} | (c="d" or e="f") and g="h"'),
        ('{a="b"} |= "say \\"hi\\""', '{a="b"} |= `say "hi"`'),
    ],
)
def test_query_is_written_in_canonical_form(query: str, written: str) -> None:
    assert one_line(parse(query)) == written


@pytest.mark.parametrize(
    "query",
    [
        '{! = "b"}',
        '{! =~ "b"}',
        '{a="b", ! != "c"}',
        '{a="b"} | ! = "c"',
        '{a="b"} | ! > 5',
        '{a="b"} | drop ! = "c", d',
        '{a="b"} | json ! = "c"',
        '{a="b"} | label_format ! = c',
        '{a="b"} | label_format ! = "c"',
    ],
)
def test_label_named_like_operator_parses_to_same_query_after_write(query: str) -> None:
    assert parse(one_line(parse(query))) == parse(query)
