"""The content of a panel: the nights of a query and range, in both modes, and what they show in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import exp

from logops.benchmark.chart.axes import highest_time
from logops.benchmark.history.changes import Change, changes
from logops.benchmark.history.nights import Night
from logops.benchmark.history.trend import Trend
from logops.benchmark.measure.cases import Case, Mode, range_text
from logops.benchmark.verdict import has_objective
from logops.number_text import count_text, seconds_text
from logops.queries.model import LibraryQuery

BAND_DEVIATIONS = 2
"""Standard deviations between the usual time and the edge of the band: about 95 % of the nights are inside."""
GAP = timedelta(days=1.5)
"""Nights that are further apart are not connected: a day without a run is a gap."""


@dataclass(frozen=True)
class Point:
    """A night of one mode."""

    began: datetime
    mode: Mode
    seconds: float
    p95_s: float
    usual_s: tuple[float, float] | None
    """Lower and upper edge of the usual time; None with too few nights."""
    is_slower: bool
    is_compared: bool
    """Whether it was measured like the newest night."""
    segment: str
    """Points of the same segment are connected."""


@dataclass(frozen=True)
class Panel:
    """The nights of a query and range."""

    title: str
    lines: tuple[str, ...]
    """The newest night of each mode in words."""
    points: tuple[Point, ...]
    changes: tuple[tuple[Mode, Change], ...]
    objective: str
    """The promised p95 of warm answers, as written in the library; empty if there is none for these nights."""
    objective_s: float | None
    top_s: float
    """Upper end of the axis of times."""


def panels(
    nights: Mapping[Case, Sequence[Night]],
    trends: Mapping[Case, Sequence[Trend]],
    library: Mapping[str, LibraryQuery],
) -> list[Panel]:
    """Return a panel per query and range, in the order of the cases.

    trends   the verdict of each night
    """
    cases_of: dict[tuple[str, int], list[Case]] = {}
    for case in nights:
        cases_of.setdefault((case.query, case.range_s), []).append(case)
    return [
        _panel({case: nights[case] for case in cases}, {case: trends[case] for case in cases}, library.get(query))
        for (query, _), cases in cases_of.items()
    ]


def _panel(
    nights: Mapping[Case, Sequence[Night]], trends: Mapping[Case, Sequence[Trend]], query: LibraryQuery | None
) -> Panel:
    name, range_s = next((case.query, case.range_s) for case in nights)
    is_warm = any(case.mode is Mode.WARM for case in nights)
    objective = query.objective.p95 if query and is_warm and has_objective(query, range_s) else None
    objective_s = objective.seconds if objective else None
    points = tuple(point for case in nights for point in _points(case, nights[case], trends[case]))
    return Panel(
        title=f"{name} over {range_text(range_s)}",
        lines=tuple(_newest_night(case.mode, nights[case][-1], trends[case][-1]) for case in nights),
        points=points,
        changes=tuple((case.mode, change) for case in nights for change in changes(trends[case])),
        objective=str(objective) if objective else "",
        objective_s=objective_s,
        top_s=highest_time(_series(points), objective_s),
    )


def _points(case: Case, nights: Sequence[Night], trends: Sequence[Trend]) -> list[Point]:
    breaks = [False, *(not _are_connected(earlier, later) for earlier, later in pairwise(nights))]
    return [
        Point(
            began=night.began,
            mode=case.mode,
            seconds=night.typical_s,
            p95_s=night.p95_s,
            usual_s=_usual(trend),
            is_slower=trend.regressed,
            is_compared=night.setup == nights[-1].setup,
            segment=f"{case.mode} {sum(breaks[: number + 1])}",
        )
        for number, (night, trend) in enumerate(zip(nights, trends, strict=True))
    ]


def _are_connected(earlier: Night, later: Night) -> bool:
    return later.began - earlier.began <= GAP and later.setup == earlier.setup


def _usual(trend: Trend) -> tuple[float, float] | None:
    usual, noise = trend.seconds.usual, trend.seconds.noise
    if usual is None or noise is None:
        return None
    return usual * exp(-BAND_DEVIATIONS * noise), usual * exp(BAND_DEVIATIONS * noise)


def _series(points: Sequence[Point]) -> list[list[float]]:
    """Return what must fit into the panel: the typical times, the p95 of warm answers, the usual times."""
    return [
        *([point.seconds for point in points if point.mode is mode] for mode in Mode),
        [point.p95_s for point in points if point.mode is Mode.WARM],
        [point.usual_s[1] for point in points if point.usual_s],
    ]


def _newest_night(mode: Mode, night: Night, trend: Trend) -> str:
    """Return the newest night in words.

    Example: `cold 292 ms, usual 181 ms: 1.55 times since 17 Nov`
    """
    text = f"{mode} {seconds_text(night.typical_s)}"
    if trend.seconds.too_few:
        return f"{text}: {trend.text()}, too few to judge"
    usual = f", usual {seconds_text(trend.seconds.usual)}" if trend.seconds.usual else ""
    if trend.seconds.step and trend.slower_since:
        return f"{text}{usual}: {trend.seconds.step.ratio:.2f} times since {trend.slower_since:%-d %b}"
    return f"{text}{usual}: {trend.text()}"


def description(panels: Sequence[Panel]) -> str:
    """Return the content of the picture in words, for people who do not see it."""
    return " ".join(f"{panel.title}, {_counted(panel)}: {'; '.join(panel.lines)}." for panel in panels)


def _counted(panel: Panel) -> str:
    days = len({point.began.date() for point in panel.points})
    objective = f", promised p95 of warm answers {panel.objective}" if panel.objective else ""
    return f"{count_text(days, 'night')}{objective}"
