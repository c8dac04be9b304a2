"""Judge the nights of a query: what became slower or reads more, since when, and why."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import geometric_mean, median

from logops.benchmark.history.common_effect import QueryGroup, common_effects, group_of
from logops.benchmark.history.explain import Work, explain_growth, explain_slowdown, total_work
from logops.benchmark.history.nights import Night, QueryHistory, comparable_history, median_work
from logops.benchmark.history.regime import newest_regime, regimes
from logops.benchmark.history.step import BASELINE, MIN_STEP, StepChange, StepVerdict, detect_step
from logops.benchmark.measure.cases import Case, Mode

MIN_STEP_OF_LONGER_RANGE = 1.2
"""Minimum slowdown for ranges other than a query's shortest, because each additional range adds false alarms."""
MIN_GROWTH = 1.2
"""Minimum growth of the bytes read: logs grow anyway."""


@dataclass(frozen=True)
class Trend:
    """The newest night compared with the nights before."""

    seconds: StepVerdict
    bytes: StepVerdict | None
    """None if nothing was read tonight, because the results cache answered."""
    elsewhere: int
    beside: bool = False
    """Whether the common effect of the night was removed from `seconds`."""
    slower_once: int = 0
    """Number of nights before it became faster, which are not compared."""
    why: str = ""
    """Why it is slower, from Loki's statistics."""
    why_more: str = ""
    """Why it reads more."""
    slower_since: datetime | None = None
    """The first night of the step."""
    faster_since: datetime | None = None
    """The night since which it has been faster: earlier nights are not compared."""

    @property
    def regressed(self) -> bool:
        return self.seconds.step is not None

    @property
    def grew(self) -> bool:
        return self.bytes is not None and self.bytes.step is not None

    def text(self) -> str:
        """Return a short text for a table."""
        if not self.seconds.too_few:
            return self.seconds.text()
        faster = " since it became faster" if self.slower_once else ""
        other = f", {self.elsewhere} of another configuration" if self.elsewhere else ""
        return f"{self.seconds.text()}{faster}{other}"


@dataclass(frozen=True)
class CommonTrend:
    """The common effect on all queries of a cluster."""

    times: StepVerdict
    """Slowdown against the usual time."""
    why: str = ""
    """Why they are slower, from Loki's statistics of all of them together."""


def trends(histories: Mapping[Case, QueryHistory]) -> dict[Case, Trend]:
    """Return the trends of a run, each relative to the other queries of its cluster."""
    trend_of = trend_function(histories)
    return {case: trend_of(case) for case in histories}


def trend_function(histories: Mapping[Case, QueryHistory]) -> Callable[[Case], Trend]:
    """Return a function that gives the trend of one case."""
    case_regimes = regimes(histories)
    groups = common_effects(histories, {case: case_regime.gains for case, case_regime in case_regimes.items()})
    shortest: dict[str, int] = {}
    for case in histories:
        shortest[case.query] = min(case.range_s, shortest.get(case.query, case.range_s))

    def trend_of(case: Case) -> Trend:
        others = groups[group_of(case, histories[case])].others_p30(case.query)
        least = MIN_STEP if case.range_s == shortest[case.query] else MIN_STEP_OF_LONGER_RANGE
        return trend(case.mode, histories[case], others, case_regimes[case].starts[-1], least)

    return trend_of


def common_trends(histories: Mapping[Case, QueryHistory]) -> dict[QueryGroup, CommonTrend]:
    """Return the common trend of each cluster and mode with enough queries."""
    gains = {case: case_regime.gains for case, case_regime in regimes(histories).items()}
    common_times = {
        group: group_effect.common_slowdown() for group, group_effect in common_effects(histories, gains).items()
    }
    return {group: common_trend(times, _of_group(histories, group)) for group, times in common_times.items() if times}


def common_trend(times: Mapping[str, float], nights: Sequence[Sequence[Night]]) -> CommonTrend:
    """Return the common trend.

    times    by run, oldest first
    nights   of each query
    """
    regime = newest_regime([*times.values()])
    history = detect_step(regime)
    if history.step is None:
        return CommonTrend(history)
    runs = [*times][-len(regime) :]
    usual, newest = {*runs[: -history.step.nights]}, {*runs[-history.step.nights :]}
    before = [[night for night in query_nights if night.run in usual] for query_nights in nights]
    after = [[night for night in query_nights if night.run in newest] for query_nights in nights]
    both = [(median_work(was), median_work(now)) for was, now in zip(before, after, strict=True) if was and now]
    return CommonTrend(
        history, explain_slowdown(total_work([was for was, _ in both]), total_work([now for _, now in both]))
    )


def _of_group(histories: Mapping[Case, QueryHistory], group: QueryGroup) -> list[tuple[Night, ...]]:
    return [case_history.nights for case, case_history in histories.items() if group_of(case, case_history) == group]


def trends_by_night(nights: Mapping[Case, Sequence[Night]]) -> dict[Case, list[Trend]]:
    """Return the verdicts that were given on each night, from the nights before it."""
    runs: dict[str, dict[Case, QueryHistory]] = {}
    for case, case_nights in nights.items():
        for night in case_nights:
            runs.setdefault(night.run, {})[case] = comparable_history(case_nights, night)
    trends_by_run = {run: trends(histories) for run, histories in runs.items()}
    return {case: [trends_by_run[night.run][case] for night in case_nights] for case, case_nights in nights.items()}


def slower_in_absolute_terms(typical_times: Sequence[float], since: int) -> bool:
    """Whether the last two nights are slower in absolute terms than those before the newest `since`. A query that keeps
    its speed while others become faster is not slower."""
    return geometric_mean(typical_times[-2:]) > median(typical_times[:-since][-BASELINE:])


def trend(
    mode: Mode, history: QueryHistory, others: Mapping[str, float], since: int = 0, least: float = MIN_STEP
) -> Trend:
    """Return the trend of one query.

    others   by run, the slowdown of the other queries; if the newest run has it, nights without it are left out
    since    first night of the current regime
    least    minimum slowdown
    """
    beside = history.nights[-1].run in others
    nights = [night for night in history.nights[since:] if not beside or night.run in others]
    seconds = detect_step(
        [night.typical_s / others[night.run] if beside else night.typical_s for night in nights], least
    )
    if (
        seconds.step
        and beside
        and not slower_in_absolute_terms([night.typical_s for night in nights], seconds.step.nights)
    ):
        seconds = replace(seconds, step=None)
    # A night without logs in its range says nothing about the bytes that logs cost.
    read = [night for night in history.nights if night.work.bytes > 0]
    reads = mode is Mode.COLD and history.nights[-1].work.bytes > 0
    grown = detect_step([night.work.bytes for night in read], MIN_GROWTH) if reads else None
    return Trend(
        seconds,
        grown,
        history.elsewhere,
        beside,
        since,
        explain_slowdown(*_sides(nights, seconds.step)) if seconds.step else "",
        explain_growth(*_sides(read, grown.step)) if grown and grown.step else "",
        nights[-seconds.step.nights].began if seconds.step else None,
        history.nights[since].began if since else None,
    )


def _sides(nights: Sequence[Night], step: StepChange) -> tuple[Work, Work]:
    """Return the work before a step and since."""
    return median_work(nights[: -step.nights]), median_work(nights[-step.nights :])
