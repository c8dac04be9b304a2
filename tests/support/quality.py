"""A quality run whose measurements a test sets."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from logops.clients.loki import Entry
from logops.environment import Environment
from logops.findings import Finding
from logops.quality.balance import EarlierStored, Owner, StoredCount
from logops.quality.bands import Series
from logops.quality.context import Context
from logops.quality.counters import Counter, increases
from logops.quality.earlier import Earlier
from logops.quality.history import learned_verdicts
from logops.quality.measured import Cost, Measured, SourceMeasure
from logops.quality.request import QualityRequest
from logops.quality.run import balances_of, judged, sent_of
from logops.quality.secrets.match import Salt
from logops.quality.secrets.rules import read_rules
from logops.quality.secrets.scan import masked_line, masked_text, scan
from tests.support.environments import environment

ROOT = Path(__file__).parents[2]
AS_OF = datetime(2026, 11, 28, 12, tzinfo=UTC)
BEFORE = AS_OF - timedelta(minutes=15)
"""The moment of the run before."""
MINUTES = 30
STREAM = {"job": "oversight-app", "level": "info", "service": "api", "environment": "production"}


def buckets(counts: Sequence[int]) -> dict[datetime, int]:
    """Return lines by bucket. The last bucket of a minute ends at AS_OF; there are MINUTES of them."""
    padded = [0] * (MINUTES - len(counts)) + [*counts]
    return {AS_OF - timedelta(minutes=MINUTES - 1 - number): count for number, count in enumerate(padded)}


def healthy(lines: Sequence[int] = (60,) * MINUTES) -> SourceMeasure:
    """A source of JSON lines that delivers all that it promises."""
    counts = buckets(lines)
    with_lines = [end for end, count in counts.items() if count]
    return SourceMeasure(
        lines=counts,
        bytes=100 * sum(lines),
        streams=[STREAM],
        unparsable=0,
        unparsable_query='{job="oversight-app"} | json | __error__ != ""',
        future={},
        last_line=max(with_lines, default=None),
        searched_since=counts and min(counts),
    )


def one_source(*changes: tuple[str, object]) -> Environment:
    """The local environment with the source `application` only."""
    return environment(
        "local",
        ("sources.access", None),
        ("sources.audit", None),
        ("sources.syslog", None),
        ("agents.promtail.sources", ["application"]),
        ("sources.application.expect_every", None),
        *changes,
    )


def context(
    measure: SourceMeasure,
    *changes: tuple[str, object],
    counters: Sequence[Counter] = (),
    earlier: Sequence[Counter] | None = None,
    silent_processes: Mapping[str, str] | None = None,
    streams_before: int | None = None,
    lines_before: Mapping[datetime, int] | None = None,
    history: Series | None = None,
    later_counters: Sequence[Counter] = (),
    stored: Mapping[Owner, StoredCount] | None = None,
    earlier_stored: EarlierStored | None = None,
) -> Context:
    """Return the input of all judgements for the source `application`, which ships through `promtail-main`."""
    loaded = one_source(*changes)
    request = QualityRequest("run", AS_OF, MINUTES * 60, 60, 0, 2**30)
    measured = Measured(
        {"application": measure},
        Cost(2**30),
        counters=[*counters],
        later_counters=[*later_counters],
        stored=dict(stored or {}),
        silent_processes=dict(silent_processes or {}),
    )
    before = Earlier(
        BEFORE,
        earlier or (),
        streams={} if streams_before is None else {"application": streams_before},
        lines={} if lines_before is None else {"application": lines_before},
        history={} if history is None else {"application": history},
        stored=earlier_stored,
    )
    rules, salt = read_rules(ROOT), Salt.of_this_run()
    return Context(
        loaded,
        request,
        measured,
        {"main": "http://loki:3100", "security": "http://security:3100"},
        before,
        tuple(increases(counters, before.counters, request.start)),
        learned_verdicts(loaded, request, measured, before.history),
        balances_of(loaded, measured, before.stored, request.as_of),
        sent_of(loaded, measured, before.stored, request.as_of),
        {"application": scan(measure.sample, rules, salt, streams=measure.streams or ())},
        {"application": scan(measure.with_keywords, rules, salt)} if measure.with_keywords else {},
        lambda entry: masked_line(entry.text, rules),
        lambda text: masked_text(text, rules),
    )


def findings(*arguments: object, **named: object) -> list[Finding]:
    """Return the findings of a run with these measurements."""
    return judged(context(*arguments, **named))  # type: ignore[arg-type]


def only(found: Sequence[Finding]) -> Finding:
    """Return the only finding."""
    assert len(found) == 1, f"Expected one finding: {[f'{finding.cls.name}: {finding.message}' for finding in found]}"
    return found[0]


def entry(text: str, second: int = 0, **labels: str) -> Entry:
    """Return a stored line of the source."""
    return Entry(int((AS_OF - timedelta(seconds=second)).timestamp()) * 10**9, {**STREAM, **labels}, text)
