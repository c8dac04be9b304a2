"""Fixes: what --fix changes in a query, and what it leaves."""

import pytest
from hypothesis import given

from logops.logql.errors import LogQLError
from logops.logql.lint.advice import Context
from logops.logql.lint.check import lint
from logops.logql.lint.fix import edits_to, fixed
from logops.logql.parse import parse
from logops.logql.text import one_line
from logops.logql.tree import Query
from tests.support.logql_trees import queries

DECLARED = Context(300 * 10**9, frozenset({"trace_id"}), frozenset({"a", "level"}), frozenset({"a"}))


@pytest.mark.parametrize(
    ("query", "better"),
    [
        ('{a="b"} |~ "x|y"', '{a="b"} |= "x" or "y"'),
        # Layout, comments and quotes of the rest stay.
        ('{ a = `b` }  # all\n  |~ "x"  // these\n  |= "z"', '{ a = `b` }  # all\n  |= "x"  // these\n  |= "z"'),
        ('sum(rate({a="b"} |~ "x" [5m])) by (c)', 'sum(rate({a="b"} |= "x" [5m])) by (c)'),
        ('{a="b"} |~ /* why */ "x"', '{a="b"} |= /* why */ "x"'),
        ('{a="b"}|~".*"|="x"', '{a="b"}|="x"'),
        ('sum(rate({a="b"}\n  | json\n  [5m]))', 'sum(rate({a="b"}\n  [5m]))'),
        ('{a="b"} | logfmt | x="y" |= "t"', '{a="b"} |= "t" | logfmt | x="y"'),
        ('{a="b"} |~ ".*x" |~ "y" |~ "(?i)z.*"', '{a="b"} |= "x" |= "y" |~ "(?i)z"'),
        ('rate({a=~"b"}[5m]) / rate({a=~"c"}[5m]) > 0', 'rate({a="b"}[5m]) / rate({a="c"}[5m]) > 0'),
    ],
)
def test_certain_rewrite_is_applied_and_the_rest_stays(query: str, better: str) -> None:
    assert fixed(query)[0] == better


@pytest.mark.parametrize(
    "query",
    [
        # A line that fails would be left out, not reported.
        'count_over_time({a="b"} | json [5m])',
        'sum_over_time({a="b"} | json | unwrap x [5m])',
        'rate({a="b"}[5m]) / sum(bytes_rate({c="d"}[5m]))',
        # More lines would be counted.
        'rate({a="b"}[1m])',
        # True for logs as they are declared, which earlier logs may not be.
        '{a="b"} | json | x="y"',
        '{c="d"} |= "t" | json | a="b"',
        '{a="b"} |= "t" | json | trace_id="t"',
        # `.` and the anchors do not cross a line end inside a line.
        '{a="b"} |~ "^.*error"',
        # A comment would be lost.
        'sum(rate({a="b"} | /* all */ json [5m]))',
    ],
)
def test_rewrite_that_could_change_an_answer_or_lose_a_comment_is_not_applied(query: str) -> None:
    assert lint(parse(query), DECLARED) != []
    assert fixed(query, DECLARED) == (query, [])


def test_text_that_is_no_query_is_refused() -> None:
    with pytest.raises(LogQLError):
        fixed('{a="b"')


@given(queries())
def test_second_fix_changes_nothing(tree: Query) -> None:
    query, _ = fixed(one_line(tree), DECLARED)
    assert fixed(query, DECLARED) == (query, [])


@given(queries())
def test_fixed_query_parses_and_its_findings_are_gone(tree: Query) -> None:
    query, applied = fixed(one_line(tree), DECLARED)
    left = [advice for advice in lint(parse(query), DECLARED) if advice.certain and edits_to(query, advice.rewrite)]

    assert left == []
    assert all(advice.certain for advice in applied)


@given(queries(), queries())
def test_edits_give_the_meaning_of_any_rewrite(tree: Query, other: Query) -> None:
    query, rewrite = one_line(tree), one_line(other)
    edits = edits_to(query, rewrite)
    for edit in sorted(edits, key=lambda edit: edit.span, reverse=True):
        query = query[: edit.span[0]] + edit.text + query[edit.span[1] :]

    assert parse(query) == (parse(rewrite) if edits else parse(one_line(tree)))
