"""The linter's assumptions about Loki, checked against a real Loki."""

from collections.abc import Iterator, Sequence
from math import isfinite, isnan

import pytest

from logops.clients.loki import Entry, LokiClient, LokiRefusedError
from logops.logql.lint.check import lint
from logops.logql.parse import parse
from tests.support.lokis import running_loki

TENANT = "linted"
SECOND = 10**9
START_NS = 1_788_188_400 * SECOND
END_NS = START_NS + 3600 * SECOND
"""End of the hour of test data, at a whole query step."""
SILENT_NS = START_NS + 1800 * SECOND
"""`partly` has no line from 20 to 40 minutes after the hour's start."""
ONE_LINE = ("an error here", "error 5", "5 error", "an ERROR", "warning", "")
SEVERAL_LINES = ("first\nerror\nlast", "error 5\nlast", "first\n5 error", "no\nwarning")
PARSED = (
    '{"level":"warn","msg":"error"}',
    '{"level":"info","msg":"error","n":7}',
    '{"level":"warn","msg":"well"}',
    'level=warn msg="error"',
    'level=warn n=x msg="error"',
    "level=warn msg=well",
    "no error",
    '{"_entry":"an error","level":"warn"}',
    '{"_entry":"well","level":"error"}',
    '{"level":"cut","n":5,"x"',
    "a \x1b[31mred\x1b[0m error",
    "",
)


@pytest.fixture(scope="module")
def loki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LokiClient]:
    with running_loki(tmp_path_factory.mktemp("loki")) as client:
        client.push(TENANT, counted())
        client.push(TENANT, in_turn("lines", ONE_LINE))
        client.push(TENANT, in_turn("several", SEVERAL_LINES))
        client.push(TENANT, in_turn("parsed", PARSED))
        yield client


def counted() -> list[Entry]:
    """Return a line every half minute for each job."""
    found: list[Entry] = []
    for second in range(0, 3600, 30):
        at = START_NS + second * SECOND
        found += [
            Entry(at, {"job": "always"}, "x=1"),
            Entry(at, {"job": "empty"}, ""),
            Entry(at, {"job": "zeros"}, "x=0"),
        ]
        if not 1200 <= second < 2400:
            found.append(Entry(at, {"job": "partly"}, "x=1"))
    return found


def in_turn(job: str, texts: Sequence[str]) -> list[Entry]:
    return [Entry(START_NS + at, {"job": job}, text) for at, text in enumerate(texts)]


def divided(divisor: str) -> str:
    return f'sum(rate({{job="always"}} [5m])) / {divisor}'


def values(loki: LokiClient, query: str) -> list[float]:
    """Return the values of a query for each minute of the hour, and at a time when `partly` has no lines."""
    hour = [value for one in loki.query_range(TENANT, query, START_NS, END_NS, 60) for _, value in one.points]
    return [*hour, *(one.value for one in loki.query(TENANT, query, SILENT_NS))]


@pytest.mark.parametrize(
    "divisor",
    [
        'sum(rate({job="partly"} [5m]))',
        'sum(count_over_time({job="partly"} |= "x" [5m]))',
        'sum(absent_over_time({job="partly"} [5m]))',
        'sum(topk(1, rate({job=~"partly|empty"} [5m])))',
        'avg(rate({job=~"partly|empty"} [5m]))',
        'min(label_replace(rate({job="partly"} [5m]), "a", "$1", "job", "(.*)"))',
        'sum(rate({job="nothing"} [5m]))',
    ],
)
def test_divisor_that_counts_lines_is_never_zero_and_has_no_lint_finding(loki: LokiClient, divisor: str) -> None:
    assert lint(parse(divided(divisor))) == []
    assert all(isfinite(value) for value in values(loki, divided(divisor)))


@pytest.mark.parametrize(
    "divisor",
    [
        'sum(bytes_rate({job="empty"} [5m]))',
        'sum(bytes_over_time({job="empty"} [5m]))',
        'sum(rate({job="zeros"} | logfmt | unwrap x | __error__="" [5m]))',
        '(sum(rate({job="partly"} [5m])) or vector(0))',
        '(sum(rate({job="partly"} [5m])) * 0)',
        '(sum(count_over_time({job="partly"} [5m])) - 10)',
        '(5 > sum(count_over_time({job="partly"} [5m])) - 10)',
        'stddev(rate({job=~"always|empty"} [5m]))',
    ],
)
def test_divisor_that_can_be_zero_gives_nan_but_its_rewrite_does_not(loki: LokiClient, divisor: str) -> None:
    (advice,) = [one for one in lint(parse(divided(divisor))) if one.rule == "division-by-zero"]

    assert any(isnan(value) for value in values(loki, divided(divisor)))
    assert all(isfinite(value) for value in values(loki, advice.rewrite))


ENDED = (
    "count_over_time(LINES | json [5m])",
    "sum by (level) (count_over_time(LINES | json level [5m]))",
    "sum without (level) (count_over_time(LINES | json [5m]))",
    "max by (level) (count_over_time(LINES | json [5m]))",
    "sum by (level) (count_over_time(LINES | unpack [5m]))",
    "sum by (level) (count_over_time(LINES | logfmt --strict [5m]))",
    'sum(count_over_time(LINES | json | level!="warn" [5m]))',
    'sum by (msg) (count_over_time(LINES | json | level="cut" [5m]))',
    "sum(count_over_time(LINES | logfmt | n > 5 [5m]))",
    "sum(count_over_time(LINES | json | label_format x=level [5m]))",
    'count_over_time(LINES | json | level="cut" [5m])',
    'sum by (job) (sum_over_time(LINES | logfmt | unwrap n | __error__=~".+" [5m]))',
)


@pytest.mark.parametrize("query", [query.replace("LINES", '{job="parsed"}') for query in ENDED])
def test_line_error_fails_metric_query_but_not_its_rewrite(loki: LokiClient, query: str) -> None:
    (advice,) = [one for one in lint(parse(query)) if one.rule in ("line-errors", "unwrap-errors")]

    with pytest.raises(LokiRefusedError, match="pipeline error"):
        loki.query(TENANT, query, START_NS + SECOND)
    loki.query(TENANT, advice.rewrite, START_NS + SECOND)


@pytest.mark.parametrize(
    "query",
    [
        'sum(count_over_time({job="parsed"} | json [5m]))',
        'sum by (level) (count_over_time({job="parsed"} | logfmt [5m]))',
        'sum by (level) (count_over_time({job="parsed"} | json | level="warn" [5m]))',
        'sum(count_over_time({job="parsed"} | json level | level=~".+" [5m]))',
        'sum(count_over_time({job="parsed"} | json | line_format "{{.level}}" [5m]))',
        'sum(bytes_over_time({job="parsed"} | unpack [5m]))',
        'sum by (level) (count_over_time({job="parsed"} | json | drop __error__ [5m]))',
        'sum by (level) (count_over_time({job="parsed"} | json | __error__!="" [5m]))',
        'sum by (level) (count_over_time({job="parsed"} | json | __error__!~".+" [5m]))',
        'sum by (x) (count_over_time({job="parsed"} | regexp "(?P<x>e.*)" [5m]))',
        'absent_over_time({job="parsed"} | json [5m])',
    ],
)
def test_metric_query_without_counted_line_errors_has_no_line_errors_finding(loki: LokiClient, query: str) -> None:
    assert not any(one.rule == "line-errors" for one in lint(parse(query)))
    loki.query(TENANT, query, START_NS + SECOND)


AROUND = (
    ".*err[a-z]+.*", "^.*err[a-z]+.*$", "^.*error", "error.*$", "^.*(error|warning).*$", "(?i)^.*error.*$",
    "(?s)^.*error.*$", "(?m)^.*error", "^5.*", ".*5$", "(?s).*5.*",
)  # fmt: skip


@pytest.mark.parametrize(
    "line_filter",
    [*(f'|~ "{regex}"' for regex in (*AROUND, "^.*", "^.*$", "(?s)^.*$")), *(f'!~ "{regex}"' for regex in AROUND)],
)
def test_any_text_around_rewrite_matches_same_lines_or_warns_of_line_ends(loki: LokiClient, line_filter: str) -> None:
    one_line, several = (f'{{job="{job}"}} {line_filter}' for job in ("lines", "several"))
    (of_one,), (of_several,) = lint(parse(one_line)), lint(parse(several))

    assert texts(loki, of_one.rewrite) == texts(loki, one_line)
    differs = texts(loki, of_several.rewrite) != texts(loki, several)
    assert differs == ("unless line ends stand in it" in of_several.why)


def texts(loki: LokiClient, query: str) -> list[str]:
    return [entry.text for entry in loki.query_logs(TENANT, query, START_NS, END_NS)]


@pytest.mark.parametrize(
    "stages",
    [
        '| json | level="warn" |= "error"',
        '| json | n > 5 |= "error"',
        '| json | __error__!="" |= "error"',
        '| logfmt --strict | level="warn" |= "error"',
        '| logfmt | level="warn" != "error"',
        '| regexp "(?P<x>e.*)" | x!="" |~ "err[a-z]+"',
        '| pattern "<x> <_>" | x="no" or x="an" |= "error" or "well"',
        '| json | level="warn" | label_format x="{{__line__}}" | drop msg |= "error"',
        '| unpack | json | level="warn" |= "error"',
        '| line_format "{{.job}} {{__line__}}" | json | level="" |= "error"',
        '| json | logfmt | level="warn" |= "error" | line_format "{{.level}}"',
        '| decolorize | job!="" | logfmt | level="" |= "red error"',
    ],
)
def test_line_filter_moved_before_parser_returns_same_lines_and_labels(loki: LokiClient, stages: str) -> None:
    query = f'{{job="parsed"}} {stages}'
    (advice,) = [one for one in lint(parse(query)) if one.rule == "filter-after-parser"]

    found = loki.query_logs(TENANT, query, START_NS, END_NS)
    assert found
    assert loki.query_logs(TENANT, advice.rewrite, START_NS, END_NS) == found


@pytest.mark.parametrize(
    ("changed", "filters"),
    [
        ("| unpack", '|= "error"'),
        ('| line_format "{{.job}}"', '|= "error"'),
        # Without a label filter in between, Loki itself applies the line filter before `decolorize`.
        ("| decolorize", '| job!="" |= "red error"'),
    ],
)
def test_line_filter_after_line_changing_stage_is_not_rewritten(loki: LokiClient, changed: str, filters: str) -> None:
    after, before = f'{{job="parsed"}} {changed} {filters}', f'{{job="parsed"}} {filters} {changed}'

    assert not any(one.rule == "filter-after-parser" for one in lint(parse(after)))
    assert texts(loki, after) != texts(loki, before)
