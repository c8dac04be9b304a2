"""Are the queries of the library as fast as promised, and as fast as before? If not: since when, and what changed?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from markupsafe import Markup

from logops.alerts.audience import cluster_audience
from logops.benchmark.history.changes import Change, changes
from logops.benchmark.history.judged import JudgedCase, read_judged
from logops.benchmark.measure.cases import Mode, range_text
from logops.benchmark.run import CHECK
from logops.checks.schedule import overdue_at
from logops.environment import Environment
from logops.environment.cluster import Data
from logops.findings.store import ResultsStore
from logops.number_text import age_text, count_text, seconds_text
from logops.report.section import Mark, Section, Shown, render
from logops.report.sections.rollouts import standard_part
from logops.report.sparkline import Sparkline, sparkline
from logops.rollout.past import PastRollout, read_past, with_plans
from logops.rollout.record import RolloutOutcome

ID = "queries"
TITLE = "Queries"
DAYS = 90
MAX_NAMED = 3
"""Queries that the summary names."""
MAX_ROLLOUTS = 200
"""Rollouts that may have come with a change."""


@dataclass(frozen=True, slots=True)
class CameWith:
    """A rollout between the last night before a change and the first night after it."""

    run: str
    as_of: datetime
    stages: str
    audience: Data


@dataclass(frozen=True, slots=True)
class Query:
    """A query and range in both modes."""

    name: str
    range_s: int
    audience: Data
    modes: Mapping[Mode, JudgedCase]
    came_with: Mapping[datetime, CameWith]
    """The rollout that came with a change, by the time of the change."""

    @property
    def title(self) -> str:
        return f"{self.name} over {range_text(self.range_s)}"

    @property
    def charted(self) -> JudgedCase:
        """The mode whose times are drawn: warm, because objectives are about warm answers."""
        return self.modes.get(Mode.WARM) or self.modes[Mode.COLD]

    @property
    def missed(self) -> tuple[str, ...]:
        return tuple(text for case in self.modes.values() for text in (*case.failures, *case.missed))

    @property
    def slower(self) -> list[JudgedCase]:
        """The modes that are slower than before."""
        return [case for case in self.modes.values() if case.ratio is not None]


@dataclass(frozen=True, slots=True)
class Queries:
    """All queries that were measured in the last 90 days."""

    environment: str
    now: datetime
    queries: tuple[Query, ...]
    is_overdue: bool = False
    """Whether the benchmark did not run when it should."""


def read(store: ResultsStore, environment: Environment, now: datetime) -> Queries:
    """Return the judged nights of every query, and the rollouts that came with changes.

    Raises StoreUnreachableError.
    """
    cases = read_judged(store, environment.name, now)
    newest_run = max((case.nights[-1].began for case in cases), default=now)
    # A query that was removed from the library is not slower tonight.
    cases = [case for case in cases if newest_run - case.nights[-1].began < timedelta(days=2)]
    since = {case.case: [change.since for change in changes(case.nights)] for case in cases}
    rollouts = _matched(store, environment, now, cases, [moment for moments in since.values() for moment in moments])
    queries = []
    for (name, range_s), grouped in groupby(cases, key=lambda case: (case.case.query, case.case.range_s)):
        modes = {case.case.mode: case for case in grouped}
        moments = {moment for case in modes.values() for moment in since[case.case]}
        came_with = {moment: rollouts[moment] for moment in sorted(moments) if moment in rollouts}
        cluster = next(iter(modes.values())).cluster
        queries.append(Query(name, range_s, cluster_audience(cluster, environment), modes, came_with))
    due = overdue_at(environment, CHECK, newest_run)
    return Queries(environment.name, now, tuple(queries), is_overdue=due is not None and now > due)


def section(data: Queries, shown: Shown) -> Section:
    """Return the section about the queries whose clusters the reader may see."""
    queries = sorted(
        (query for query in data.queries if query.audience in shown),
        key=lambda query: (-len(query.missed), -len(query.slower), query.name, query.range_s),
    )
    rows = [_row(query, data.now, shown) for query in queries]
    mark, summary = _answer(queries, data)
    body = render(
        "queries.html",
        environment=data.environment,
        now=data.now,
        newest=max((query.charted.nights[-1].began for query in queries), default=None),
        rows=rows,
        days=DAYS,
    )
    return Section(ID, TITLE, summary, body, mark)


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence about a query, and the rollout that came with it."""

    text: str
    rollout: CameWith | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A query and range as the template shows it."""

    id: str
    title: str
    mark: Mark
    p95: str
    promised: str
    cold: str
    usual: str
    chart: Markup
    top: str
    """Time at the upper edge of the chart."""
    remarks: tuple[Remark, ...]
    is_first: bool
    """Whether it is shown first: it is promised, or slower than before."""


def _row(query: Query, now: datetime, shown: Shown) -> Row:
    warm, cold = query.modes.get(Mode.WARM), query.modes.get(Mode.COLD)
    newest = query.charted.nights[-1]
    chart, top = _chart(query, now)
    missed = [Remark(f"{text}{_missed_since(query)}") for text in query.missed]
    slower = list(_slower(query, shown))
    usual = [] if missed or slower else [Remark(query.charted.text)]
    return Row(
        id=f"query={query.name}-{range_text(query.range_s)}",
        title=query.title,
        mark="error" if missed else "warning" if slower else "ok",
        p95=_seconds(warm.nights[-1].p95_s if warm else None),
        promised=_seconds(newest.objective_s),
        cold=_seconds(cold.nights[-1].typical_s if cold else None),
        usual=_seconds(cold.usual_s if cold else None),
        chart=chart,
        top=top,
        remarks=(*missed, *slower, *usual, *_earlier_changes(query, shown)),
        is_first=newest.objective_s is not None or bool(missed or slower),
    )


def _chart(query: Query, now: datetime) -> tuple[Markup, str]:
    """Return the times of the charted mode day by day, with its objective and its changes."""
    first = now.astimezone(UTC).date() - timedelta(days=DAYS - 1)
    nights = query.charted.nights
    values: list[float | None] = [None] * DAYS
    for night in nights:
        if 0 <= _place(night.began.date(), first) < DAYS:
            values[_place(night.began.date(), first)] = night.p95_s
    places = [_place(change.since.date(), first) for change in changes(nights)]
    line = Sparkline(values, limit=nights[-1].objective_s, changes=[place for place in places if 0 <= place < DAYS])
    mode = query.charted.case.mode
    text = f"p95 of {mode} answers of {query.title}, the last {DAYS} days: now {_seconds(nights[-1].p95_s)}."
    return sparkline(line, text), seconds_text(line.top)


def _place(day: date, first: date) -> int:
    return (day - first).days


def _slower(query: Query, shown: Shown) -> Iterator[Remark]:
    """Yield in which modes a query is slower than before, since when, why, and what came with it."""
    by_date = sorted(query.slower, key=lambda case: str(case.nights[-1].slower_since))
    for since, grouped in groupby(by_date, key=lambda case: case.nights[-1].slower_since):
        cases = [*grouped]
        times = ", ".join(f"{case.case.mode} {case.ratio or 1:.2f} times" for case in cases)
        dated = f" since the night of {since:%-d %b}" if since else ""
        reasons = dict.fromkeys(f" {case.why}" for case in cases if case.why)
        yield Remark(f"{times} as long as before{dated}.{''.join(reasons)}", _rollout(query, since, shown))


def _rollout(query: Query, since: datetime | None, shown: Shown) -> CameWith | None:
    """Return the rollout that came with a change, if the reader may see it."""
    rollout = query.came_with.get(since) if since else None
    return rollout if rollout and rollout.audience in shown else None


def _missed_since(query: Query) -> str:
    """Return since when the promised time is missed without a break."""
    since = None
    for night in reversed(query.charted.nights):
        if night.p95_s is None or night.objective_s is None or night.p95_s <= night.objective_s:
            break
        since = night.began
    return f", since {since:%-d %b}" if since else ""


def _earlier_changes(query: Query, shown: Shown) -> list[Remark]:
    """Return the changes of the last 90 days that are not the present slowdown, newest first."""
    dated: list[tuple[Change, Mode]] = [
        (change, mode) for mode, case in query.modes.items() for change in changes(case.nights)
    ]
    present = {case.nights[-1].slower_since for case in query.slower}
    return [
        Remark(
            f"{mode} {'slower' if change.is_slower else 'faster'} since the night of {change.since:%-d %b}.",
            _rollout(query, change.since, shown),
        )
        for change, mode in sorted(dated, key=lambda pair: pair[0].since, reverse=True)
        if change.since not in present
    ]


def _answer(queries: Sequence[Query], data: Queries) -> tuple[Mark, str]:
    """Return whether the promises of the library are kept, in one sentence."""
    if not queries:
        return "unknown", "Nothing is known about the speed of queries: no night is recorded."
    names = dict.fromkeys(query.name for query in queries)
    missed = dict.fromkeys(query.name for query in queries if query.missed)
    slower = dict.fromkeys(query.name for query in queries if query.slower and query.name not in missed)
    parts = []
    if missed:
        parts.append(f"{count_text(len(missed), 'query')} of {len(names)} {_break(len(missed))}: {_named([*missed])}")
    if slower:
        parts.append(f"{count_text(len(slower), 'query')} slower than before: {_named([*slower])}")
    if parts:
        return ("error" if missed else "warning"), f"{'; '.join(parts)}."
    if data.is_overdue:
        age = age_text((data.now - max(query.charted.nights[-1].began for query in queries)).total_seconds())
        return "unknown", f"All queries were as fast as promised {age} ago. Nobody looked since."
    subject = "The only query is" if len(names) == 1 else f"All {count_text(len(names), 'query')} are"
    return "ok", f"{subject} as fast as promised and as before."


def _break(count: int) -> str:
    return "breaks its promise" if count == 1 else "break their promise"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return f"{', '.join(names[:MAX_NAMED])}{more}"


def _seconds(value: float | None) -> str:
    return "-" if value is None else seconds_text(value)


def _matched(
    store: ResultsStore,
    environment: Environment,
    now: datetime,
    cases: Sequence[JudgedCase],
    since: Sequence[datetime],
) -> dict[datetime, CameWith]:
    """Return the rollout that came with each change: the newest between the night before it and its first night."""
    if not since:
        return {}
    nights = sorted({night.began for case in cases for night in case.nights})
    past = [
        rollout
        for rollout in read_past(store, environment.name, now, MAX_ROLLOUTS)
        if rollout.outcome is not RolloutOutcome.NOTHING_TO_CHANGE
    ]
    matched: dict[datetime, PastRollout] = {}
    for moment in since:
        before = max((night for night in nights if night.date() < moment.date()), default=moment - timedelta(days=1))
        rollout = next((each for each in past if before < each.as_of <= moment), None)
        if rollout:
            matched[moment] = rollout
    with_plan = {rollout.run: rollout for rollout in with_plans(store, environment.name, [*matched.values()])}
    return {moment: _came_with(with_plan[rollout.run], environment) for moment, rollout in matched.items()}


def _came_with(rollout: PastRollout, environment: Environment) -> CameWith:
    audience: Data = "standard" if standard_part(rollout, environment) else "security"
    return CameWith(rollout.run, rollout.as_of, ", ".join(rollout.applied), audience)
