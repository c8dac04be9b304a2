"""Tests of filling in parameters: each has a type and cannot become more than a value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.logql.errors import LogQLError
from logops.logql.text import one_line
from logops.logql.tree import LogQuery, Matcher, Needle
from logops.queries.fill import FillError, fill
from logops.queries.model import LibraryQuery


def library_query(logql: str, **parameters: dict[str, str]) -> LibraryQuery:
    declared = {name: {"description": f"the {name}", **one} for name, one in parameters.items()}
    example = {name: "1" for name, one in parameters.items() if "default" not in one}
    return LibraryQuery.model_validate(
        {
            "description": "d", "owner": "o", "cluster": "main", "tenant": "t", "logql": logql, "parameters": declared,
            "example": example, "objective": {"p95": "1s", "bytes": "1MiB"}, "answer": {},
        }
    )  # fmt: skip


TEXT = library_query('{a="${user}"} |= "${user}" | b=~"x${user}"', user={"type": "text"})


def test_number_and_duration_parameters_are_filled_in() -> None:
    query = library_query(
        'sum(rate({a="b"} | took > ${least} [${window}]))',
        least={"type": "number", "default": "5"},
        window={"type": "duration", "default": "5m"},
    )

    assert one_line(fill(query, {"window": "1h"})) == 'sum(rate({a="b"} | took > 5 [1h]))'


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=50))
def test_text_parameter_stays_one_literal_value(typed: str) -> None:
    query = fill(TEXT, {"user": typed})

    assert isinstance(query, LogQuery)
    assert query.selector.matchers == (Matcher("a", "=", typed),)
    assert query.stages[0].needles == (Needle(typed),)  # type: ignore[union-attr]
    assert len(query.stages) == 2


def test_text_parameter_in_regular_expression_is_escaped() -> None:
    assert one_line(fill(TEXT, {"user": "a.b|c"})).endswith(r"b=~`xa\.b\|c`")


def test_regex_parameter_as_whole_pattern_is_filled_in_unchanged() -> None:
    query = library_query('{a=~"${which}"}', which={"type": "regex", "default": ".+"})

    assert one_line(fill(query, {"which": "x|y"})) == '{a=~"x|y"}'


@pytest.mark.parametrize(
    ("logql", "typed", "filled"),
    [
        ('{a="b"} |~ "user=${p} "', "a|", '{a="b"} |~ "user=(?:a|) "'),
        ('{a="b"} |~ "${p}+"', "ab", '{a="b"} |~ "(?:ab)+"'),
        ('{a="b"} |~ "${p}B"', "(?i)a", '{a="b"} |~ "(?:(?i)a)B"'),
        ('{a="b"} | regexp "^(?P<x>${p})"', "a|b", '{a="b"} | regexp "^(?P<x>(?:a|b))"'),
        ('{a="b"} |~ "x" or "${p}"', "a|b", '{a="b"} |~ "x" or "a|b"'),
        (
            'label_replace(rate({a="b"}[5m]), "x", "${p}", "y", "(.*)")',
            "$1",
            'label_replace(rate({a="b"} [5m]), "x", "$$1", "y", "(.*)")',
        ),
    ],
)
def test_regex_parameter_stays_one_value_at_every_position(logql: str, typed: str, filled: str) -> None:
    assert one_line(fill(library_query(logql, p={"type": "regex"}), {"p": typed})) == filled


@pytest.mark.parametrize(
    ("given_values", "message"),
    [
        ({}, "the parameter user is missing: the user"),
        ({"user": "x", "usr": "y"}, "no such parameter: usr. Its parameters: user. Did you mean user?"),
        ({"user": "x" * 10_001}, "user: longer than 10,000 characters."),
    ],
)
def test_missing_unknown_or_too_long_parameter_is_refused(given_values: dict[str, str], message: str) -> None:
    with pytest.raises(FillError) as refused:
        fill(TEXT, given_values)

    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("number", '5 |= "x"', "is not a number like 1000 or 0.5"),
        ("number", "-5", "is not a number like 1000 or 0.5"),
        ("duration", "5m]) or vector(1", "is not a duration like 5m or 1h30m"),
        ("duration", "soon", "is not a duration like 5m or 1h30m"),
        ("regex", "(", r"p: '\(' is no regular expression: missing \)"),
        ("regex", "a)|(?:b", "is no regular expression: unexpected \\)"),
    ],
)
def test_value_of_wrong_type_is_refused(kind: str, value: str, message: str) -> None:
    logql = {
        "number": 'rate({a="b"} | took > ${p} [5m])',
        "duration": 'rate({a="b"} [${p}])',
        "regex": '{a="b"} |~ "x${p}"',
    }[kind]
    with pytest.raises(FillError, match=message):
        fill(library_query(logql, p={"type": kind}), {"p": value})


@pytest.mark.parametrize(
    ("logql", "typed", "filled"),
    [
        (
            'label_replace(rate({a="b"}[5m]), "x", "${p}", "y", "(.*)")',
            "$1",
            'label_replace(rate({a="b"} [5m]), "x", "$$1", "y", "(.*)")',
        ),
        (
            'label_replace(rate({a="b"}[5m]), "x", "", "y", "${p}")',
            ".*",
            'label_replace(rate({a="b"} [5m]), "x", "", "y", `\\.\\*`)',
        ),
        ('{a="b"} | drop x=~"${p}"', ".*", '{a="b"} | drop x=~`\\.\\*`'),
        ('{a="b"} !~ "x" or "${p}"', ".", '{a="b"} !~ "x" or `\\.`'),
        ('{a="b"} |> "<_> ${p}"', "x.y", '{a="b"} |> "<_> x.y"'),
        ('{a="b"} |= ip("${p}")', "10.0.0.1", '{a="b"} |= ip("10.0.0.1")'),
    ],
)
def test_text_parameter_stays_one_value_at_every_position(logql: str, typed: str, filled: str) -> None:
    assert one_line(fill(library_query(logql, p={"type": "text"}), {"p": typed})) == filled


@pytest.mark.parametrize(
    ("logql", "typed", "message"),
    [
        ('{a="b"} | line_format "${p}"', "{{.x}}", "may not stand in a template"),
        ('{a="b"} | label_format x="${p}"', "{{.x}}", "may not stand in a template"),
        ('{a="b"} | json x="${p}"', "a.b[0]", "may not stand in a template or in an expression"),
        ('{a="b"} | logfmt x="${p}"', "y", "may not stand in a template or in an expression"),
        ('{a="b"} |> "<_> ${p}"', "<_> <_>", "p: < and > would be read as a part of the pattern"),
        ('{a="b"} | pattern "<x ${p} <y>"', "z>", "p: < and > would be read as a part of the pattern"),
    ],
)
def test_text_parameter_that_could_become_syntax_is_refused(logql: str, typed: str, message: str) -> None:
    with pytest.raises(FillError, match=message):
        fill(library_query(logql, p={"type": "text"}), {"p": typed})


def test_invalid_address_in_ip_filter_is_refused() -> None:
    query = library_query('{a="b"} |= ip("${p}")', p={"type": "text"})

    with pytest.raises(LogQLError, match="is no address, range"):
        fill(query, {"p": "nope"})
