"""Do the logs of every source arrive, and at the usual rate? A map of source and hour, then each source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, Literal

from markupsafe import Markup

from logops.alerts.audience import cluster_audience
from logops.checks.schedule import overdue_at
from logops.environment import Environment
from logops.environment.cluster import Data
from logops.findings.kinds import INGESTED_SOURCES, INGESTED_TENANTS, INGESTION_COUNTERS, INGESTION_HISTORY
from logops.findings.store import NothingStoredError, ResultsStore
from logops.number_text import age_text, count_text
from logops.quality.bands.verdict import rate_text
from logops.quality.counters import MISSED_BY_CANARY
from logops.quality.run import CHECK
from logops.quality.summary import OK
from logops.report.section import Mark, Section, Shown, render
from logops.report.sparkline import Sparkline, sparkline

ID = "ingestion"
TITLE = "Ingestion"
HOURS = 72
"""Hours on the map."""
HOURS_OF_A_LABEL = 6
MAX_NAMED = 3
"""Sources that the summary names."""
State = Literal["silent", "below", "above", "inside", "learning", "unmeasured"]
SYMBOLS: Mapping[State, str] = {"silent": "✕", "below": "▽", "above": "△"}
WORDS: Mapping[State, str] = {
    "silent": "silent",
    "below": "below its band",
    "above": "above its band",
    "inside": "in its band",
    "learning": "no band yet",
    "unmeasured": "not measured",
}

HOURS_SQL = f"""
SELECT source, epoch(date_trunc('hour', start))::BIGINT AS hour_s, avg(lines) / 15 AS rate, avg(lower) / 15 AS lower,
    avg(upper) / 15 AS upper, sum(lines)::BIGINT AS lines, list(DISTINCT state) AS states
FROM (FROM "{INGESTION_HISTORY}" UNION ALL BY NAME
    SELECT NULL::DOUBLE AS lower, NULL::DOUBLE AS upper, NULL::VARCHAR AS state WHERE false)
WHERE environment = $environment AND start >= $since AND start < $now GROUP BY ALL
"""
_NEWEST = "WHERE environment = $environment AND as_of <= $now QUALIFY as_of = max(as_of) OVER ()"
SOURCES_SQL = f"""
SELECT as_of, run, source, owner, cluster, tenant, lines, bytes, streams, unparsable, last_line, verdict, band, window_s
FROM "{INGESTED_SOURCES}" {_NEWEST}
"""
TENANTS_SQL = f"""
SELECT as_of, cluster, tenant, since, received, refused, copies, missing, note FROM "{INGESTED_TENANTS}" {_NEWEST}
"""
CANARY_SQL = f"""
SELECT as_of, cluster, sum(value)::BIGINT AS missing FROM "{INGESTION_COUNTERS}"
WHERE environment = $environment AND as_of <= $now AND name = '{MISSED_BY_CANARY}' AND NOT later
GROUP BY as_of, cluster QUALIFY as_of = max(as_of) OVER ()
"""


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour of a source. Rates are lines per minute."""

    state: State
    rate: float | None = None
    """None: not measured."""
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True, slots=True)
class Tenant:
    """What the newest run that read counters found about the lines of a tenant."""

    since: datetime
    received: int | None
    refused: int | None
    copies: int | None
    missing: int
    note: str


@dataclass(frozen=True, slots=True)
class Source:
    """A source that is declared or was measured in the last hours."""

    name: str
    owner: str
    cluster: str
    tenant: str
    audience: Data
    hours: tuple[Hour, ...]
    """Oldest first; the last one is the hour that is not over yet."""
    is_declared_band: bool
    newest: Mapping[str, Any] | None
    """Its row of the newest run; None: that run did not know it."""
    delivered: Tenant | None
    canary_missing: int | None
    """Lines of the cluster's canary that did not arrive since the canary was started; None: not known."""

    @property
    def state(self) -> State:
        """The state of its newest hour that was measured."""
        return next((hour.state for hour in reversed(self.hours) if hour.state != "unmeasured"), "unmeasured")

    @property
    def is_wrong(self) -> bool:
        """Whether the newest run had a finding about it."""
        return self.newest is not None and self.newest["verdict"] != OK


@dataclass(frozen=True, slots=True)
class Ingestion:
    """The lines of all sources in the last hours."""

    environment: str
    now: datetime
    first_hour: datetime
    last_run: datetime | None
    is_overdue: bool
    window_s: int
    sources: tuple[Source, ...]


def read(store: ResultsStore, environment: Environment, now: datetime) -> Ingestion:
    """Return the last hours of every source. Raises StoreUnreachableError."""
    this_hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    first_hour = this_hour - timedelta(hours=HOURS - 1)
    measured = _hours(store, environment, first_hour, now)
    rows = {row["source"]: row for row in _newest(store, INGESTED_SOURCES, SOURCES_SQL, environment.name, now)}
    tenants = {
        (row["cluster"], row["tenant"]): Tenant(
            row["since"].astimezone(UTC), row["received"], row["refused"], row["copies"], row["missing"], row["note"]
        )
        for row in _newest(store, INGESTED_TENANTS, TENANTS_SQL, environment.name, now)
    }
    canaries = {
        row["cluster"]: row["missing"] for row in _newest(store, INGESTION_COUNTERS, CANARY_SQL, environment.name, now)
    }
    last_run = max((row["as_of"].astimezone(UTC) for row in rows.values()), default=None)
    due = overdue_at(environment, CHECK, last_run) if last_run else None
    sources = tuple(
        _source(name, environment, measured.get(name, {}), first_hour, rows.get(name), tenants, canaries)
        for name in dict.fromkeys([*environment.sources, *rows])
    )
    window_s = next((row["window_s"] for row in rows.values()), 0)
    is_overdue = due is not None and now > due
    return Ingestion(environment.name, now, first_hour, last_run, is_overdue, window_s, sources)


def section(data: Ingestion, shown: Shown) -> Section:
    """Return the section about the sources that the reader may see."""
    sources = sorted(
        (source for source in data.sources if source.audience in shown), key=lambda source: (_rank(source), source.name)
    )
    body = render(
        "ingestion.html",
        environment=data.environment,
        now=data.now,
        last_run=data.last_run,
        window=age_text(data.window_s),
        labels=_labels(data.first_hour),
        hours_of_a_label=HOURS_OF_A_LABEL,
        rows=[_row(source, data) for source in sources],
        words=WORDS,
        symbols=SYMBOLS,
    )
    mark, summary = _answer(data, sources)
    return Section(ID, TITLE, summary, body, mark)


@dataclass(frozen=True, slots=True)
class Span:
    """Hours of a source with the same state, as one cell of the map."""

    state: State
    hours: int
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """A source as the template shows it."""

    source: Source
    mark: Mark
    spans: tuple[Span, ...]
    text: str
    band: str
    chart: Markup
    top: str
    """Lines a minute at the upper edge of the chart."""


def _hours(store: ResultsStore, environment: Environment, first: datetime, now: datetime) -> dict[str, dict[int, Any]]:
    """Return the measured hours of each source, by their start in seconds."""
    parameters = {"environment": environment.name, "since": first, "now": now}
    try:
        table = store.query(INGESTION_HISTORY, HOURS_SQL, first.date(), now.astimezone(UTC).date(), parameters)
    except NothingStoredError:
        return {}
    hours: dict[str, dict[int, Any]] = {}
    for row in table.to_pylist():
        hours.setdefault(row["source"], {})[row["hour_s"]] = row
    return hours


def _newest(store: ResultsStore, kind: str, sql: str, environment: str, now: datetime) -> list[dict[str, Any]]:
    """Return the rows of the newest run. A day has about 100 runs, so the newest day is read first."""
    today = now.astimezone(UTC).date()
    for first in (today, today - timedelta(days=1), date.min):
        try:
            rows: list[dict[str, Any]] = store.query(
                kind, sql, first, today, {"environment": environment, "now": now}
            ).to_pylist()
        except NothingStoredError:
            continue
        if rows:
            return rows
    return []


def _source(
    name: str,
    environment: Environment,
    measured: Mapping[int, Any],
    first_hour: datetime,
    row: Mapping[str, Any] | None,
    tenants: Mapping[tuple[str, str], Tenant],
    canaries: Mapping[str, int],
) -> Source:
    declared = environment.sources.get(name)
    cluster = declared.cluster if declared else str(row["cluster"] if row else "")
    tenant = declared.tenant if declared else str(row["tenant"] if row else "")
    starts = (int(first_hour.timestamp()) + 3600 * number for number in range(HOURS))
    rate = declared.expect.rate if declared else None
    return Source(
        name=name,
        owner=(declared.owner if declared else None) or (str(row["owner"]) if row and row["owner"] else "-"),
        cluster=cluster,
        tenant=tenant,
        audience=cluster_audience(cluster, environment),
        hours=tuple(_hour(measured.get(start)) for start in starts),
        is_declared_band=rate is not None and (rate.at_least is not None or rate.at_most is not None),
        newest=row,
        delivered=tenants.get((cluster, tenant)),
        canary_missing=canaries.get(cluster),
    )


def _hour(row: Mapping[str, Any] | None) -> Hour:
    """Return an hour with its worst state. A learned state counts; without one, the rate against the declared band."""
    if row is None:
        return Hour("unmeasured")
    rate, lower, upper = row["rate"], row["lower"], row["upper"]
    states = set(row["states"] or ()) - {None}
    if "silent" in states or (not rate and lower):
        state: State = "silent"
    elif "low" in states:
        state = "below"
    elif "high" in states:
        state = "above"
    elif "inside" in states:
        state = "inside"
    elif lower is None and upper is None:
        state = "learning"
    else:
        state = "below" if rate < (lower or 0) else "above" if upper is not None and rate > upper else "inside"
    return Hour(state, rate, lower, upper)


def _rank(source: Source) -> int:
    """Return the place of a source in the list: the most urgent first."""
    order: tuple[State, ...] = ("silent", "below", "above", "unmeasured", "learning", "inside")
    return order.index(source.state) - (len(order) if source.is_wrong else 0)


def _answer(data: Ingestion, sources: Sequence[Source]) -> tuple[Mark, str]:
    """Return whether all logs arrive, in one sentence."""
    if data.last_run is None:
        return "unknown", "Nobody has looked yet: the check ingestion-quality has never run."
    age = age_text((data.now - data.last_run).total_seconds())
    wrong = [source for source in sources if source.is_wrong]
    total = count_text(len(sources), "source")
    if wrong:
        first = [f"{source.name} ({source.newest['verdict']})" for source in wrong[:MAX_NAMED] if source.newest]
        more = f" and {len(wrong) - MAX_NAMED} more" if len(wrong) > MAX_NAMED else ""
        overdue = f" The next run is overdue: the last one was {age} ago." if data.is_overdue else ""
        return "error", f"{len(wrong)} of {total} {_need(len(wrong))}: {', '.join(first)}{more}.{overdue}"
    if data.is_overdue:
        return "unknown", f"All of {total} were in order {age} ago, and nobody has looked since."
    learning = sum(source.state == "learning" for source in sources)
    without = f"; {learning} of them {'has' if learning == 1 else 'have'} no band yet" if learning else ""
    return (
        "ok",
        f"The logs of {'the only source' if len(sources) == 1 else f'all {total}'} arrive as expected{without}.",
    )


def _need(count: int) -> str:
    return "needs attention" if count == 1 else "need attention"


def _labels(first_hour: datetime) -> list[str]:
    """Return the texts above the map, one for some hours."""
    labels, day = [], None
    for number in range(0, HOURS, HOURS_OF_A_LABEL):
        start = first_hour + timedelta(hours=number)
        labels.append(f"{start:%-d %b %Hh}" if start.date() != day else f"{start:%Hh}")
        day = start.date()
    return labels


def _spans(source: Source, first_hour: datetime) -> list[Span]:
    """Return the hours as few cells: those that follow each other with the same state are one."""
    spans = []
    for state, grouped in groupby(enumerate(source.hours), key=lambda numbered: numbered[1].state):
        numbered = [*grouped]
        begin = first_hour + timedelta(hours=numbered[0][0])
        end = first_hour + timedelta(hours=numbered[-1][0] + 1)
        spans.append(
            Span(state, len(numbered), f"{begin:%-d %b %H:%M} to {end:%H:%M}: {WORDS[state]}{_rates(numbered)}")
        )
    return spans


def _rates(numbered: Sequence[tuple[int, Hour]]) -> str:
    rates = [hour.rate for _, hour in numbered if hour.rate is not None]
    return f", {rate_text(sum(rates) / len(rates))} lines/min" if rates else ""


def _now_text(source: Source) -> str:
    """Return the state of a source with its rate and band, in words."""
    hour = next((hour for hour in reversed(source.hours) if hour.state != "unmeasured"), None)
    if hour is None or hour.rate is None:
        return WORDS["unmeasured"]
    return f"{WORDS[hour.state]}, {rate_text(hour.rate)} lines/min"


def band_text(source: Source) -> str:
    """Return the band of a source and its origin."""
    hour = next((hour for hour in reversed(source.hours) if hour.lower is not None or hour.upper is not None), None)
    learned = str(source.newest["band"] or "") if source.newest else ""
    if learned and not learned.startswith("learning"):
        return f"{learned}, learned from past weeks"
    if hour is not None and source.is_declared_band:
        return f"{_edges_text(hour)} lines/min, declared in the environment{f'; {learned}' if learned else ''}"
    return learned or "none yet: declare expect.rate, or wait until it is learned"


def _edges_text(hour: Hour) -> str:
    match hour.lower, hour.upper:
        case None, upper:
            return f"at most {rate_text(upper or 0)}"
        case lower, None:
            return f"at least {rate_text(lower or 0)}"
        case lower, upper:
            return f"{rate_text(lower or 0)} to {rate_text(upper or 0)}"


def _row(source: Source, data: Ingestion) -> Row:
    line = Sparkline(
        values=[hour.rate for hour in source.hours],
        lower=[hour.lower for hour in source.hours],
        upper=[hour.upper for hour in source.hours],
    )
    text = _now_text(source)
    return Row(
        source=source,
        mark="error" if source.is_wrong else "unknown" if source.newest is None else "ok",
        spans=tuple(_spans(source, data.first_hour)),
        text=text,
        band=band_text(source),
        chart=sparkline(line, f"Lines a minute of {source.name} in the last {HOURS} hours: {text}."),
        top=rate_text(line.top),
    )
