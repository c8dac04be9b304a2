"""Lint: queries with findings, queries without findings, and rewrites."""

from collections import Counter

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from logops.logql.lint.advice import Context
from logops.logql.lint.check import lint
from logops.logql.lint.lines import without_any_text
from logops.logql.parse import parse
from logops.logql.tree import Query
from tests.support.logql_trees import queries

CONTEXT = Context(300 * 10**9, frozenset({"trace_id"}), frozenset({"a", "level"}))


BETTER = [
    # A line that fails to parse passes a comparison with a number.
    ('{a="b"} | json | took > 5', "filter-before-parser", ""),
    ('{a="b"} | json | x=~"y.+"', "filter-before-parser", ""),
    ('{a="b"} | json | x=~"y|z"', "filter-before-parser", '{a="b"} |= "y" or "z" | json | x=~"y|z"'),
    # JSON may escape the value as \\/api.
    ('{a="b"} | json | path="/api"', "filter-before-parser", ""),
    ('{a="b"} | json | x="y" and z=~"w+"', "filter-before-parser", '{a="b"} |= "y" | json | x="y" and z=~"w+"'),
    ('{a="b"} | pattern "<x> <_>" | x="y"', "filter-before-parser", '{a="b"} |= "y" | pattern "<x> <_>" | x="y"'),
    ('{a="b"} | logfmt | x="y" |= "t"', "filter-after-parser", '{a="b"} |= "t" | logfmt | x="y"'),
    ('{a="b"} | json | n > 5 != "t" |~ "u[0-9]"', "filter-after-parser", '{a="b"} != "t" |~ "u[0-9]" | json | n > 5'),
    ('{a="b"} |= "s" | json | x="y" |= "t"', "filter-after-parser", '{a="b"} |= "s" |= "t" | json | x="y"'),
    ('{a="b"} | json |= "s" | x="y" |= "t"', "filter-after-parser", '{a="b"} |= "s" |= "t" | json | x="y"'),
    ('{a="b"} | json | x="y" | drop z |= "t"', "filter-after-parser", '{a="b"} |= "t" | json | x="y" | drop z'),
    (
        '{a="b"} | json | x="y" | logfmt | z="y" |= "t"',
        "filter-after-parser",
        '{a="b"} |= "t" | json | x="y" | logfmt | z="y"',
    ),
    (
        '{a="b"} | line_format "{{.msg}}" | json | x="y" |= "t"',
        "filter-after-parser",
        '{a="b"} | line_format "{{.msg}}" |= "t" | json | x="y"',
    ),
    (
        'sum by (z) (rate({a="b"} | logfmt | x="y" |= ip("10.0.0.0/8") [5m]))',
        "filter-after-parser",
        'sum by (z) (rate({a="b"} |= ip("10.0.0.0/8") | logfmt | x="y" [5m]))',
    ),
    (
        '{a="b"} | decolorize | q="r" | logfmt | x!="" |= "red t"',
        "filter-after-parser",
        '{a="b"} | decolorize | q="r" |= "red t" | logfmt | x!=""',
    ),
    ('{a="b"} |= "t" | json | trace_id="t"', "metadata-would-do", '{a="b"} |= "t" | trace_id="t"'),
    ('sum(rate({a="b"} | json [5m]))', "unused-parser", 'sum(rate({a="b"} [5m]))'),
    ('sum by (a) (rate({a="b"} | json [5m]))', "unused-parser", 'sum by (a) (rate({a="b"} [5m]))'),
    # The parser extracts no label c.
    ('sum by (c) (rate({a="b"} | json pod [5m]))', "unused-parser", 'sum by (c) (rate({a="b"} [5m]))'),
    ('sum by (c) (rate({a="b"} | pattern "<x> <_>" [5m]))', "unused-parser", 'sum by (c) (rate({a="b"} [5m]))'),
    ('{a="b"} | json x, y | y="z"', "filter-before-parser", '{a="b"} |= "z" | json x, y | y="z"'),
    (
        '{a="b"} | json x | regexp "(?P<y>z+)" | y="z"',
        "filter-before-parser",
        '{a="b"} |= "z" | json x | regexp "(?P<y>z+)" | y="z"',
    ),
    ('{a="b"} |~ "error"', "regex-for-text", '{a="b"} |= "error"'),
    ('{a="b"} |~ "x\\\\.y|z"', "regex-for-text", '{a="b"} |= "x.y" or "z"'),
    ('{a="b"} |~ ".*error.*"', "regex-for-text", '{a="b"} |= "error"'),
    ('{a="b"} |~ ".*error.*|.*warn.*"', "regex-for-text", '{a="b"} |= "error" or "warn"'),
    ('{a="b"} |~ "(.*)error(.*)"', "regex-for-text", '{a="b"} |= "error"'),
    ('{a="b"} |~ "(.*error.*|.*warn)"', "regex-for-text", '{a="b"} |= "error" or "warn"'),
    ('{a="b"} |~ ".*x[0-9].*|.*y[|(].*"', "any-text-around", '{a="b"} |~ "x[0-9]|y[|(]"'),
    ('{a="b"} |~ "(.*)x[0-9](.*)"', "any-text-around", '{a="b"} |~ "x[0-9]"'),
    ('{a="b"} !~ "(x|y)"', "regex-for-text", '{a="b"} != "x" or "y"'),
    ('{a=~"b"}', "regex-for-text", '{a="b"}'),
    ('{a="b"} |~ ".*x[0-9].*"', "any-text-around", '{a="b"} |~ "x[0-9]"'),
    ('{a="b"} |~ ".*" |= "x"', "any-text-around", '{a="b"} |= "x"'),
    ('{a="b"} |~ "^.*x[0-9].*$"', "any-text-around", '{a="b"} |~ "x[0-9]"'),
    ('{a="b"} |~ "^x[0-9].*$"', "any-text-around", '{a="b"} |~ "^x[0-9]"'),
    ('{a="b"} !~ ".*x[0-9]$"', "any-text-around", '{a="b"} !~ "x[0-9]$"'),
    ('{a="b"} |~ "^.*error.*$"', "any-text-around", '{a="b"} |= "error"'),
    ('{a="b"} |~ "^.*error"', "any-text-around", '{a="b"} |= "error"'),
    ('{a="b"} !~ "(x|y).*$"', "any-text-around", '{a="b"} != "x" or "y"'),
    ('{a="b"} |~ "^.*?error"', "any-text-around", '{a="b"} |= "error"'),
    ('{a="b"} |~ ".*?error"', "any-text-around", '{a="b"} |= "error"'),
    ('{a="b"} |~ "(?i)^.*error.*"', "any-text-around", '{a="b"} |~ "(?i)error"'),
    ('{a="b"} |~ "(?s).*error.*"', "any-text-around", '{a="b"} |= "error"'),
    ('{a="b"} |~ "^.*x" or "y[0-9].*"', "any-text-around", '{a="b"} |~ "x" or "y[0-9]"'),
    ('{a="b"} |~ "^.*x" or ".*y.*"', "any-text-around", '{a="b"} |= "x" or "y"'),
    ('{a="b"} |~ "^.*$"', "any-text-around", '{a="b"}'),
    ('{a="b"} |~ "(?i)^.*" |= "x"', "any-text-around", '{a="b"} |= "x"'),
    ('{a=~".+"} |= "x"', "selects-all", ""),
    ('{a=~".+", env!="dev"} |= "x"', "selects-all", ""),
    ('{a=~"^.+$"} |= "x"', "selects-all", ""),
    ('{a=~"(?i)^(?:(.+))$"} |= "x"', "selects-all", ""),
    ('{a!=""} |= "x"', "selects-all", ""),
    ('{a="b"} |= "x" or ip("10.0.0.0/8")', "address-as-text", ""),
    (
        'sum_over_time({a="b"} | json | unwrap x [5m])',
        "unwrap-errors",
        'sum_over_time({a="b"} | json | unwrap x | __error__="" [5m])',
    ),
    (
        'sum by (x) (sum_over_time({a="b"} | logfmt | unwrap x | __error__=~".+" [5m]))',
        "unwrap-errors",
        'sum by (x) (sum_over_time({a="b"} | logfmt | unwrap x | __error__="" | __error__=~".+" [5m]))',
    ),
    (
        'sum_over_time({a="b"} | unwrap x | __error__="" or y="z" [5m])',
        "unwrap-errors",
        'sum_over_time({a="b"} | unwrap x | __error__="" | __error__="" or y="z" [5m])',
    ),
    (
        'count_over_time({a="b"} | json [5m])',
        "line-errors",
        'count_over_time({a="b"} | json | __error__="" [5m])',
    ),
    (
        'max(rate({a="b"} | __error__="" | logfmt --strict | x!="" [5m]))',
        "line-errors",
        "",
    ),
    (
        'sum by (x) (rate({a="b"} | unpack [5m]))',
        "line-errors",
        'sum by (x) (rate({a="b"} | unpack | __error__="" [5m]))',
    ),
    # A truncated line has the label x and an error.
    (
        'sum by (z) (rate({a="b"} |= "s" | json | x="y" [5m]))',
        "line-errors",
        'sum by (z) (rate({a="b"} |= "s" | json | x="y" | __error__="" [5m]))',
    ),
    (
        'sum(rate({a="b"} |= "s" | logfmt | n > 5 [5m]))',
        "line-errors",
        'sum(rate({a="b"} |= "s" | logfmt | n > 5 | __error__="" [5m]))',
    ),
    # The divisor is 0 if all lines are empty.
    (
        'sum(rate({a="b"}[5m])) / sum(bytes_rate({c="d"}[5m]))',
        "division-by-zero",
        'sum(rate({a="b"} [5m])) / (sum(bytes_rate({c="d"} [5m])) > 0)',
    ),
    (
        'rate({a="b"}[5m]) / (sum(bytes_over_time({c="d"}[5m])) >= 0)',
        "division-by-zero",
        'rate({a="b"} [5m]) / (sum(bytes_over_time({c="d"} [5m])) >= 0 > 0)',
    ),
    (
        'rate({a="b"}[5m]) / (sum(rate({c="d"}[5m])) > bool 9)',
        "division-by-zero",
        'rate({a="b"} [5m]) / (sum(rate({c="d"} [5m])) > bool 9 > 0)',
    ),
    (
        'rate({a="b"}[5m]) / (sum(rate({c="d"}[5m])) or vector(0))',
        "division-by-zero",
        'rate({a="b"} [5m]) / ((sum(rate({c="d"} [5m])) or vector(0)) > 0)',
    ),
    (
        'rate({a="b"}[5m]) / (sum(rate({c="d"}[5m])) * 0)',
        "division-by-zero",
        'rate({a="b"} [5m]) / (sum(rate({c="d"} [5m])) * 0 > 0)',
    ),
    # The divisor is 0 if all series are equal.
    (
        'rate({a="b"}[5m]) / stddev(rate({c="d"}[5m]))',
        "division-by-zero",
        'rate({a="b"} [5m]) / (stddev(rate({c="d"} [5m])) > 0)',
    ),
    # The right side of `and` is above 0, but the result has the value of the left side.
    (
        'rate({a="b"}[5m]) / (sum(bytes_rate({c="d"}[5m])) and sum(bytes_rate({c="d"}[5m])) + 1)',
        "division-by-zero",
        'rate({a="b"} [5m]) / ((sum(bytes_rate({c="d"} [5m])) and sum(bytes_rate({c="d"} [5m])) + 1) > 0)',
    ),
    # The comparison holds for another series.
    (
        'rate({a="b"}[5m]) / (bytes_rate({c="d"}[5m]) and on () bytes_rate({c="d"}[5m]) > 0)',
        "division-by-zero",
        'rate({a="b"} [5m]) / ((bytes_rate({c="d"} [5m]) and on () bytes_rate({c="d"} [5m]) > 0) > 0)',
    ),
    # The divisor may be below 0.
    (
        'rate({a="b"}[5m]) / (sum(rate({c="d"}[5m])) - 1)',
        "division-by-zero",
        'rate({a="b"} [5m]) / (sum(rate({c="d"} [5m])) - 1 != 0)',
    ),
    (
        'rate({a="b"}[5m]) / sum(rate({c="d"} | unwrap x | __error__="" [5m]))',
        "division-by-zero",
        'rate({a="b"} [5m]) / (sum(rate({c="d"} | unwrap x | __error__="" [5m])) != 0)',
    ),
    (
        'rate({a="b"}[5m]) / (sum(rate({c="d"}[5m])) - 1 < 5)',
        "division-by-zero",
        'rate({a="b"} [5m]) / (sum(rate({c="d"} [5m])) - 1 < 5 != 0)',
    ),
    # The comparison returns the value of the series, not the number.
    (
        'rate({a="b"}[5m]) / (5 > sum(rate({c="d"}[5m])) - 1)',
        "division-by-zero",
        'rate({a="b"} [5m]) / (5 > sum(rate({c="d"} [5m])) - 1 != 0)',
    ),
    ('rate({a="b"}[5m]) / 0', "division-by-zero", ""),
    ('rate({a="b"}[5m]) / vector(0)', "division-by-zero", ""),
    ('rate({a="b"}[1m])', "range-below-step", 'rate({a="b"} [5m])'),
    ('{a="b"} |~ "("', "refused-when-run", ""),
    ('{a="b"} |= ip("300.0.0.1")', "refused-when-run", ""),
    ('{a="b"} |> "<x>"', "refused-when-run", ""),
    ('{a="b"} | label_format x="a",x="b"', "refused-when-run", ""),
    ('{a="b"} | line_format "{{.x"', "refused-when-run", ""),
]


@pytest.mark.parametrize(("query", "rule", "rewrite"), BETTER)
def test_lint_reports_rule_with_rewrite(query: str, rule: str, rewrite: str) -> None:
    assert [(one.rule, one.rewrite) for one in lint(parse(query), CONTEXT)] == [(rule, rewrite)]


@pytest.mark.parametrize("rewrite", sorted({rewrite for _, _, rewrite in BETTER if rewrite}))
def test_rewrite_has_no_lint_finding(rewrite: str) -> None:
    assert lint(parse(rewrite), CONTEXT) == []


@pytest.mark.parametrize(
    "query",
    [
        '{a="b"} |= "x" | json | took > 5',
        '{a="b"} | json',
        '{a="b"} | json | x="y" or z="w"',
        '{a="b"} | json | a="c"',
        '{a="b"} | json | __error__=""',
        '{a="b"} | json | x != "y"',
        # Lines without the label also pass.
        '{a="b"} | json | x=~".*"',
        '{a="b"} | json | x=~"y|"',
        # The filtered label may not come from the parser.
        '{a="b"} | json x, y | z="w"',
        '{a="b"} | logfmt x="y" | y="w"',
        '{a="b"} | pattern "<x> <_>" | z="w"',
        '{a="b"} | regexp "(?P<x>.)" | z="w"',
        '{a="b"} | label_format x="y" | json | x="y"',
        '{a="b"} | label_format x=y | json | x="z"',
        '{a="b"} | json | detected_level="error"',
        '{a="b"} | json | level="error"',
        # The answer depends on whether a line parses.
        'sum(count_over_time({a="b"} | json | __error__="" [5m]))',
        'sum(count_over_time({a="b"} | json | __error__!="" [5m]))',
        '{a="b"} |= "t" | json | trace_id="t" | __error__!=""',
        '{a="b"} |= "t" | json | trace_id="t" | took > 5',
        '{a="b"} |= "t" | json | trace_id="t" | keep msg',
        '{a="b"} |= "t" | json | trace_id="t" | line_format "{{.msg}}"',
        'count_over_time({a="b"} |= "t" | logfmt | trace_id="t" [5m])',
        # These stages change the line.
        '{a="b"} |= "s" | json | line_format "{{.x}}" |= "t"',
        '{a="b"} |= "s" | json | line_format "{{.x}}" | x="y" |= "t"',
        '{a="b"} |= "s" | json | decolorize |= "t"',
        '{a="b"} |= "s" | json | unpack | x="y" |= "t"',
        '{a="b"} | unpack |= "t"',
        'sum(bytes_over_time({a="b"} | unpack [5m]))',
        'sum(count_over_time({a="b"} | unpack |= "x" [5m]))',
        # Without lines there is no data point, so the divisor is never 0.
        'sum(rate({a="b"}[5m])) / sum(rate({c="d"}[5m]))',
        'rate({a="b"}[5m]) / count_over_time({a="b"}[5m])',
        'rate({a="b"}[5m]) % absent_over_time({c="d"}[5m])',
        'rate({a="b"}[5m]) / topk(3, avg by (c) (rate({c="d"}[5m])))',
        'rate({a="b"}[5m]) / label_replace(rate({c="d"}[5m]), "a", "$1", "c", "(.*)")',
        'rate({a="b"}[5m]) / (rate({c="d"}[5m]) / rate({c="e"}[5m]))',
        'rate({a="b"}[5m]) / (rate({c="d"}[5m]) > rate({c="e"}[5m]))',
        'rate({a="b"}[5m]) / (9 > rate({c="d"}[5m]))',
        'sum(rate({a="b"}[5m])) / (sum(bytes_rate({c="d"}[5m])) + 1)',
        'sum(rate({a="b"}[5m])) / count(bytes_rate({c="d"}[5m]))',
        'sum(rate({a="b"}[5m])) / (sum(bytes_rate({c="d"}[5m])) and sum(bytes_rate({c="d"}[5m])) > 0)',
        'sum(rate({a="b"}[5m])) / (sum(bytes_rate({c="d"}[5m])) != 0)',
        '{a="b"} | level="error" | json | took > 5',
        '{a="b"} | level="error" |= "t" | json',
        '{a="b"} | json |= ""',
        '{a="b"} |~ "(?i)error"',
        '{a=~"b.+"} |~ "x[0-9]"',
        # A label matcher must match the whole value.
        '{a=~".*b.*"}',
        '{a="b"} | level=~".*x.*"',
        '{a="b"} | drop a=~".*x.*"',
        # The .* is needed here, or the characters have another meaning.
        '{a="b"} |~ "^x.*y$"',
        '{a="b"} |~ "^.+x"',
        r'{a="b"} |~ "x\\.*"',
        r'{a="b"} |~ "x[0-9].*\n"',
        r'{a="b"} |~ "x[0-9].*\\$"',
        r'{a="b"} |~ "\\Q^.*x"',
        '{a="b"} |~ "x|.*"',
        '{a="b"} |~ "(.*)+x"',
        r'{a="b"} |~ "(x[0-9]|\\(.*)"',
        '{a=~"^.+x$"} |= "x"',
        # The text before a capture group decides what the group captures.
        '{a="b"} | regexp "^.*(?P<x>[0-9]+)"',
        '{a=~".+", c="d"}',
        'sum by (status) (rate({a="b"} | logfmt [5m]))',
        'sum without (x) (rate({a="b"} | logfmt [5m]))',
        # Lines with an error are already removed, or the query counts them on purpose.
        'sum by (x) (rate({a="b"} | json | __error__="" | pattern "<y> <_>" [5m]))',
        'sum by (x) (rate({a="b"} | json | __error__!~".+" [5m]))',
        'sum by (x) (rate({a="b"} | json | drop __error__, __error_details__ [5m]))',
        'sum by (__error__) (rate({a="b"} | json | __error__!="" [5m]))',
        'sum by (x) (rate({a="b"} |= "s" | json | x="y" [5m]))',
        'sum(rate({a="b"} |= "s" | json | __error__="" | logfmt | n > 5 [5m]))',
        'absent_over_time({a="b"} | json [5m])',
        'sum_over_time({a="b"} | unwrap x | __error__="" [5m])',
        'sum(rate({a="b"}[5m])) / 2',
        'sum(rate({a="b"}[5m])) / (sum(bytes_rate({c="d"}[5m])) > 0)',
        # The divisor has either sign and is never 0.
        'rate({a="b"}[5m]) / (sum(rate({c="d"}[5m])) - 1 != 0)',
        'rate({a="b"}[5m]) / (sum(rate({c="d"}[5m])) - 1 < 0)',
        'rate({a="b"}[10m])',
        '{a="b"} != ip("10.0.0.1-10.0.0.9") or "x"',
        '{a="b"} | line_format "{{ if .x }}{{ .y }}{{ end }} {{ printf `%s}}` .z }}"',
        # An earlier filter would search the line with its colour codes.
        '{a="b"} | decolorize | logfmt | x!="" |= "red t"',
        '{a="b"} | decolorize | logfmt | msg="red"',
        'sum(rate({a="b"}[5m])) / (0 < sum(bytes_rate({c="d"}[5m])))',
        # Loki moves these filters itself.
        '{a="b"} | json |= "t"',
        '{a="b"} | level="x" | json |= "t"',
        '{a="b"} | json |= "t" | x="y"',
        '{a="b"} | json | label_format z=x |= "t"',
    ],
)
def test_good_query_has_no_lint_finding(query: str) -> None:
    assert lint(parse(query), CONTEXT) == []


def test_lint_without_known_stream_labels_gives_no_rewrite() -> None:
    (advice,) = lint(parse('{a="b"} | json | x="y"'))

    assert advice.rewrite == ""
    assert 'If x is read from the line and no label of the stream, |= "y"' in advice.why


@pytest.mark.parametrize(
    ("regex", "differs"),
    [
        ("^.*error.*$", True),
        ("^.*error", True),
        ("error.*$", True),
        ("^.*$", True),
        ("(?i)^.*error", True),
        ("(?s)^.*error.*$", False),
        ("(?im)^.*error", False),
        ("^error.*", False),
        (".*error$", False),
        ("^.*", False),
        (".*$", False),
    ],
)
def test_lint_mentions_line_ends_only_if_they_change_matches(regex: str, differs: bool) -> None:
    (advice,) = lint(parse(f'{{a="b"}} |~ "{regex}"'))

    assert advice.rule == "any-text-around"
    assert ("unless line ends stand in it" in advice.why) == differs


@given(
    st.tuples(
        st.sampled_from(["", "(?i)", "(?s)", "(?m)", "(?Ui)", "(?ims)"]),
        st.sampled_from(["", "^", "^.*", "^.*?", ".*", ".*?.*", ".+", "(.*)", "(.*)+"]),
        st.sampled_from(
            [
                "",
                "x",
                "X+",
                "x|y",
                "(x|y)",
                "[^x]",
                "x.*y",
                r"x\s",
                r"\.",
                r"\\",
                "^x",
                "y$",
                "|x",
                "x|",
                "x.*|^.*y",
                "[|(]",
            ]
        ),
        st.sampled_from(["", "$", ".*$", ".*?$", ".*", ".*.*", ".*\n", r".*\$", "(.*)", "(.*)$"]),
    ).map("".join),
    st.text("xyX.\\$\n", max_size=6),
)
def test_regex_without_any_text_matches_same_lines(regex: str, line: str) -> None:
    bare = without_any_text(regex)

    if bare.same or "\n" not in line:
        assert bool(re2.search(bare.regex, line)) == bool(re2.search(regex, line))


def test_lint_gives_no_rewrite_that_would_parse_differently() -> None:
    # Without the regex filter, the last filter would be parsed as part of drop.
    (advice,) = lint(parse('{a="b"} | drop x |~ ".*" != "y"'))

    assert (advice.rule, advice.rewrite) == ("any-text-around", "")


@given(queries())
def test_every_lint_rewrite_is_valid_query(tree: Query) -> None:
    for advice in lint(tree, CONTEXT):
        if advice.rewrite:
            parse(advice.rewrite)


def test_lint_reports_at_most_twenty_findings_per_rule() -> None:
    found = lint(parse('{a="b"}' + ' |~ "x"' * 50 + ' !~ ".*y[0-9]"' * 50))

    assert Counter(one.rule for one in found) == {"regex-for-text": 20, "any-text-around": 20}


def test_lint_finding_has_span_and_severity() -> None:
    query = '{a="b"} |= "x" |~ "y"'
    (advice,) = lint(parse(query))

    assert query[slice(*advice.span)] == '|~ "y"'
    assert advice.severity == "slow"


def test_lint_finding_points_at_line_filter_that_loki_does_not_move() -> None:
    query = '{a="b"} | json |= "s" | x="y" |= "t"'
    (found,) = lint(parse(query), CONTEXT)

    assert query[slice(*found.span)] == '|= "t"'
