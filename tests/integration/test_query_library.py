"""Tests of the query library on a real Loki: library queries, the story's queries and the linter's rewrites."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from logops.clients.loki import Entry, LokiClient, LokiRefusedError
from logops.logql.lint.advice import Context, Source
from logops.logql.lint.check import lint
from logops.logql.parse import parse
from logops.logql.tree import Query
from logops.queries.fill import fill
from logops.queries.library import load_library
from logops.queries.model import LibraryQuery
from logops.queries.run import LogLines, Numbers, run_query
from logops.samples import Kind
from tests.support import sample_hour
from tests.support.lokis import running_loki

STEP_S = 300
"""Loki aligns the points of a query to whole steps, and the hour ends at a whole step."""
ROOT = Path(__file__).parents[2]
LIBRARY = load_library(ROOT)


@pytest.fixture(scope="module")
def loki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LokiClient]:
    with running_loki(tmp_path_factory.mktemp("loki")) as client:
        sample_hour.push(client)
        yield client


@dataclass(frozen=True)
class Answered:
    count: int
    newest: str
    total: float


def over_the_hour(loki: LokiClient, tenant: str, tree: Query) -> LogLines | Numbers:
    return run_query(loki, tenant, tree, sample_hour.START_NS, sample_hour.END_NS, STEP_S, 5000)


def answered(loki: LokiClient, tenant: str, tree: Query) -> Answered:
    """Return the answer over the hour. For a metric query: the values at the end of the hour."""
    hour = over_the_hour(loki, tenant, tree)
    if isinstance(hour, LogLines):
        return Answered(len(hour.entries), hour.entries[0].text if hour.entries else "", 0)
    last = [one.points[-1][1] for one in hour.series if one.points[-1][0] == sample_hour.END_NS]
    return Answered(len(last), "", round(sum(last), 6))


def whole(loki: LokiClient, tenant: str, tree: Query) -> Counter[object]:
    """Return every line, or every point of every series."""
    hour = over_the_hour(loki, tenant, tree)
    if isinstance(hour, LogLines):
        assert len(hour.entries) < hour.limit
        return Counter((one.timestamp_ns, one.text) for one in hour.entries)
    return Counter(
        (tuple(sorted(one.labels.items())), at, round(value, 9)) for one in hour.series for at, value in one.points
    )


def declared(query: LibraryQuery) -> Answered:
    answer = query.answer
    count = answer.lines if query.step is None else answer.series
    assert count is not None
    return Answered(count, answer.newest or "", answer.total or 0)


@pytest.mark.parametrize("name", LIBRARY)
def test_library_query_returns_declared_answer(loki: LokiClient, name: str) -> None:
    query = LIBRARY[name]

    assert answered(loki, query.tenant, fill(query, query.example)) == declared(query)


@pytest.mark.parametrize("name", [name for name, query in LIBRARY.items() if query.story])
def test_story_query_returns_declared_kind_of_answer(loki: LokiClient, name: str) -> None:
    query = LIBRARY[name]
    assert query.story is not None
    ours = whole(loki, query.tenant, fill(query, query.example))
    if query.story.mended:
        assert whole(loki, query.tenant, parse(query.story.mended)) == ours
    if query.story.answers == "an error":
        with pytest.raises(LokiRefusedError, match="maximum number of series"):
            answered(loki, query.tenant, parse(query.story.logql))
        return
    story = whole(loki, query.tenant, parse(query.story.logql))

    assert ours
    if query.story.answers == "nothing":
        assert not story
    elif query.story.answers == "the same":
        assert story == ours
    else:
        assert story
        assert story != ours


@pytest.mark.parametrize("request_line", ["GET /api HTTP/1.1", "-", r"\x16\x03\x01", "GET /a b HTTP/1.1", ""])
def test_nginx_line_with_any_request_is_counted_by_status(loki: LokiClient, request_line: str) -> None:
    """nginx logs an empty request as "-" and escapes bytes that are not HTTP."""
    tenant = f"nginx-{request_line.encode().hex()}"
    line = f'10.0.0.1 - - [31/Aug/2026:15:50:00 +0000] "{request_line}" 400 150 "-" "-" trace_id='
    loki.push(tenant, [Entry(sample_hour.END_NS - 10**9, {"job": "nginx"}, line)])
    query = LIBRARY["requests-by-status"]
    hour = over_the_hour(loki, tenant, fill(query, {}))

    assert isinstance(hour, Numbers)
    assert [one.labels for one in hour.series] == [{"status": "400"}]


KNOWN = Context(
    STEP_S * 10**9,
    sources=tuple(
        Source({"job": line.labels["job"]}, frozenset(line.labels) - {"job"}, frozenset(line.structured_metadata))
        for line in (next(iter(sample_hour.lines(kind))) for kind in Kind)
    ),
)
TRACE = LIBRARY["trace"].example["trace_id"]
IMPROVABLE = (
    ("application", '{job="oversight-app"} | json | message="login failed"', "filter-before-parser"),
    ("application", '{job="oversight-app"} | json | message=~"login failed|HTTP Request"', "filter-before-parser"),
    ("security-team", '{job="audit"} | json | user="chen" and resource=~"project.+"', "filter-before-parser"),
    ("application", '{job="oversight-app"} | json | level="warn" |= "login failed"', "filter-after-parser"),
    (
        "application",
        'sum by (path) (rate({job="oversight-app"} | json | duration > 1000 |~ "POST|PUT" != "/users" [5m]))',
        "filter-after-parser",
    ),
    (
        "application",
        '{job="nginx"} | pattern `<_> "<verb> <_>" <status> <_>` | status=~"5.." |= "POST"',
        "filter-after-parser",
    ),
    ("application", f'{{job="oversight-app"}} | json | trace_id="{TRACE}"', "metadata-would-do"),
    ("application", f'sum(rate({{job="oversight-app"}} | json | trace_id="{TRACE}" [1h]))', "metadata-would-do"),
    ("application", 'sum by (job) (count_over_time({job="oversight-app"} | json [5m]))', "unused-parser"),
    ("application", 'sum by (service) (rate({job="oversight-app"} | json [5m]))', "unused-parser"),
    ("application", 'sum by (host) (rate({job="nginx"} | pattern `<_> "<verb> <_>` [5m]))', "unused-parser"),
    ("application", '{job="oversight-app"} | json | level="error" and environment!="dev"', "label-in-selector"),
    (
        "application",
        'topk(3, sum by (code) (count_over_time({job="oversight-app"} |= "code" | json code, level [5m])))',
        "line-errors",
    ),
    ("application", '{job="nginx"} |~ ".*PUT.*|.*DELETE.*"', "regex-for-text"),
    ("application", '{job="nginx"} |~ "PUT|DELETE"', "regex-for-text"),
    ("application", '{job=~"nginx"} !~ "GET|POST"', "regex-for-text"),
    ("application", '{job="nginx"} |~ ".*DELETE.*"', "regex-for-text"),
    ("application", 'sum(rate({job="nginx"} |~ ".* 5[0-9][0-9] .*" [5m]))', "any-text-around"),
    ("application", 'sum(rate({job="nginx"} |~ ".*" [5m]))', "any-text-around"),
    ("application", 'sum(rate({job="nginx"} |~ "^.*\\" 5[0-9][0-9] .*$" [5m]))', "any-text-around"),
    ("application", '{job="nginx"} |~ "^.*DELETE.*$"', "any-text-around"),
    ("application", '{job="nginx"} !~ "(GET|POST).*$"', "any-text-around"),
    ("application", '{job="nginx"} |~ "(?i)^.*delete"', "any-text-around"),
    (
        "application",
        'max_over_time({job="oversight-app"} |= "HTTP Request" | json | unwrap duration [5m]) by (service)',
        "unwrap-errors",
    ),
    (
        "application",
        'sum(rate({job="nginx"} |= "DELETE" [5m])) / (sum(rate({job="nginx"} [5m])) - 0.01)',
        "division-by-zero",
    ),
)


def rewrites(logql: str, rule: str = "") -> list[str]:
    """Return the linter's rewrites of a query, of one rule or of all rules."""
    return [advice.rewrite for advice in lint(parse(logql), KNOWN) if advice.rewrite and rule in ("", advice.rule)]


STORIES = [(query.tenant, query.story.logql) for query in LIBRARY.values() if query.story]


@pytest.mark.parametrize(("tenant", "logql", "rule"), IMPROVABLE)
def test_slow_query_has_rewrite_of_rule_and_returns_data(loki: LokiClient, tenant: str, logql: str, rule: str) -> None:
    assert rewrites(logql, rule)
    assert whole(loki, tenant, parse(logql))


@pytest.mark.parametrize(
    ("tenant", "logql"),
    [*((tenant, logql) for tenant, logql, _ in IMPROVABLE), *(story for story in STORIES if rewrites(story[1]))],
)
def test_rewrite_returns_same_answer_and_reads_no_additional_bytes(loki: LokiClient, tenant: str, logql: str) -> None:
    query = parse(logql)
    before, read = whole(loki, tenant, query), bytes_read(loki, tenant, query)
    better = [parse(rewrite) for rewrite in rewrites(logql)]

    assert better
    for rewritten in better:
        assert whole(loki, tenant, rewritten) == before
        assert bytes_read(loki, tenant, rewritten) <= read


def bytes_read(loki: LokiClient, tenant: str, tree: Query) -> int:
    """Return the smallest value of three runs, because a busy Loki sometimes counts bytes twice."""
    return min(over_the_hour(loki, tenant, tree).statistics.bytes_processed for _ in range(3))
