"""What is written reads as what it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.logql import literals
from logops.logql.parse import parse
from logops.logql.text import one_line, pretty
from logops.logql.tree import Query
from tests.support.logql_trees import queries


@given(queries())
def test_a_tree_written_on_one_line_reads_as_that_tree(tree: Query) -> None:
    assert parse(one_line(tree)) == tree


@given(queries())
def test_a_tree_written_over_lines_reads_as_that_tree(tree: Query) -> None:
    assert parse(pretty(tree, 20)) == tree


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_any_text_is_quoted_so_that_it_stays_text(text: str) -> None:
    query = f"{{a={literals.quote(text)}}} |= {literals.quote(text)}" if text else '{a="b"} |= ""'

    assert one_line(parse(query)) == query


@given(st.integers(0, literals.MAX_NS))
def test_a_duration_written_is_that_duration(nanoseconds: int) -> None:
    assert literals.duration(literals.write_duration(nanoseconds)) == nanoseconds


@given(st.integers(0, 2**50))
def test_a_size_written_is_that_size(count: int) -> None:
    assert literals.size(literals.write_size(count)) == count


def test_the_spelling_of_literals_is_kept() -> None:
    query = '{a="b"} | took > 90m and size < 1.5MB and n > 0.50'

    assert one_line(parse(query)) == query


def test_a_long_query_stands_over_several_lines() -> None:
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
def test_what_can_be_left_out_is_left_out(query: str, written: str) -> None:
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
def test_a_name_that_would_join_its_operator_stands_apart(query: str) -> None:
    assert parse(one_line(parse(query))) == parse(query)
