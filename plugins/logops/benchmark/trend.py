"""Judge the nights of a query: what became slower or reads more, since when, and why."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import geometric_mean, median

from logops.benchmark.change import BASELINE, LEAST_STEP, History, Step, look
from logops.benchmark.era import eras, newest_era
from logops.benchmark.nights import Night, Past, past, usual_work
from logops.benchmark.shared import Group, group_of, shared
from logops.benchmark.shots import Arm, Mode
from logops.benchmark.why import Work, together, why, why_more

LEAST_OVER_LONGER = 1.2
"""Minimum slowdown for ranges other than a query's shortest, because each additional range adds false alarms."""
LEAST_GROWTH = 1.2
"""Minimum growth of the bytes read: logs grow anyway."""


@dataclass(frozen=True)
class Trend:
    """The newest night compared with the nights before."""

    seconds: History
    bytes: History | None
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

    @property
    def regressed(self) -> bool:
        return self.seconds.step is not None

    @property
    def grew(self) -> bool:
        return self.bytes is not None and self.bytes.step is not None

    def told(self) -> str:
        """Return a short text for a table."""
        if not self.seconds.too_few:
            return self.seconds.told()
        faster = " since it became faster" if self.slower_once else ""
        other = f", {self.elsewhere} of another configuration" if self.elsewhere else ""
        return f"{self.seconds.told()}{faster}{other}"


@dataclass(frozen=True)
class Common:
    """The common effect on all queries of a cluster."""

    times: History
    """Slowdown against the usual time."""
    why: str = ""
    """Why they are slower, from Loki's statistics of all of them together."""


def trends(pasts: Mapping[Arm, Past]) -> dict[Arm, Trend]:
    """Return the trends of a run, each relative to the other queries of its cluster."""
    trend_of = teller(pasts)
    return {arm: trend_of(arm) for arm in pasts}


def teller(pasts: Mapping[Arm, Past]) -> Callable[[Arm], Trend]:
    """Return a function that gives the trend of one of them."""
    begun = eras(pasts)
    groups = shared(pasts, {arm: arm_eras.gains for arm, arm_eras in begun.items()})
    shortest: dict[str, int] = {}
    for arm in pasts:
        shortest[arm.query] = min(arm.range_s, shortest.get(arm.query, arm.range_s))

    def told(arm: Arm) -> Trend:
        others = groups[group_of(arm, pasts[arm])].beside(arm.query)
        least = LEAST_STEP if arm.range_s == shortest[arm.query] else LEAST_OVER_LONGER
        return trend(arm.mode, pasts[arm], others, begun[arm].firsts[-1], least)

    return told


def whole(pasts: Mapping[Arm, Past]) -> dict[Group, Common]:
    """Return the common trend of each cluster and mode with enough queries."""
    gains = {arm: arm_eras.gains for arm, arm_eras in eras(pasts).items()}
    common_times = {group: group_shared.whole() for group, group_shared in shared(pasts, gains).items()}
    return {group: common(times, _of_group(pasts, group)) for group, times in common_times.items() if times}


def common(times: Mapping[str, float], nights: Sequence[Sequence[Night]]) -> Common:
    """Return the common trend.

    times    by run, oldest first
    nights   of each query
    """
    era = newest_era([*times.values()])
    history = look(era)
    if history.step is None:
        return Common(history)
    runs = [*times][-len(era) :]
    usual, newest = {*runs[: -history.step.nights]}, {*runs[-history.step.nights :]}
    before = [[night for night in query_nights if night.run in usual] for query_nights in nights]
    after = [[night for night in query_nights if night.run in newest] for query_nights in nights]
    both = [(usual_work(was), usual_work(now)) for was, now in zip(before, after, strict=True) if was and now]
    return Common(history, why(together([was for was, _ in both]), together([now for _, now in both])))


def _of_group(pasts: Mapping[Arm, Past], group: Group) -> list[tuple[Night, ...]]:
    return [arm_past.nights for arm, arm_past in pasts.items() if group_of(arm, arm_past) == group]


def judged_then(nights: Mapping[Arm, Sequence[Night]]) -> dict[Arm, list[Trend]]:
    """Return the verdicts that were given on each night, from the nights before it."""
    runs: dict[str, dict[Arm, Past]] = {}
    for arm, arm_nights in nights.items():
        for night in arm_nights:
            runs.setdefault(night.run, {})[arm] = past(arm_nights, night)
    trends_by_run = {run: trends(pasts) for run, pasts in runs.items()}
    return {arm: [trends_by_run[night.run][arm] for night in arm_nights] for arm, arm_nights in nights.items()}


def slower_by_itself(levels: Sequence[float], since: int) -> bool:
    """Whether the last two nights are slower in absolute terms than those before the newest `since`. A query that keeps
    its speed while others become faster is not slower."""
    return geometric_mean(levels[-2:]) > median(levels[:-since][-BASELINE:])


def trend(mode: Mode, past: Past, others: Mapping[str, float], since: int = 0, least: float = LEAST_STEP) -> Trend:
    """Return the trend of one query.

    others   by run, the slowdown of the other queries; if the newest run has it, nights without it are left out
    since    first night of the current era
    least    minimum slowdown
    """
    beside = past.nights[-1].run in others
    nights = [night for night in past.nights[since:] if not beside or night.run in others]
    seconds = look([night.level / others[night.run] if beside else night.level for night in nights], least)
    if seconds.step and beside and not slower_by_itself([night.level for night in nights], seconds.step.nights):
        seconds = replace(seconds, step=None)
    # A night without logs in its range says nothing about the bytes that logs cost.
    read = [night for night in past.nights if night.work.bytes > 0]
    reads = mode is Mode.COLD and past.nights[-1].work.bytes > 0
    grown = look([night.work.bytes for night in read], LEAST_GROWTH) if reads else None
    return Trend(
        seconds,
        grown,
        past.elsewhere,
        beside,
        since,
        why(*_sides(nights, seconds.step)) if seconds.step else "",
        why_more(*_sides(read, grown.step)) if grown and grown.step else "",
    )


def _sides(nights: Sequence[Night], step: Step) -> tuple[Work, Work]:
    """Return the work before a step and since."""
    return usual_work(nights[: -step.nights]), usual_work(nights[-step.nights :])
