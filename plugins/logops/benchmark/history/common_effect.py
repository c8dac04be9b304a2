"""The effect of a night on all queries of a cluster: a busy machine, a slower disk, other workloads.

It is not the fault of one query. So each query is judged relative to the others that were measured in the same
rounds, and the common effect is a series of its own, that of the whole library.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from statistics import median

from logops.benchmark.history.nights import QueryHistory
from logops.benchmark.history.step import MIN_NIGHTS
from logops.benchmark.measure.cases import Case, Mode

MIN_OTHERS = 3
"""Minimum of other queries: what fewer have in common may be the fault of one of them."""


@dataclass(frozen=True, order=True)
class QueryGroup:
    """Queries that are compared with each other."""

    cluster: str
    mode: Mode

    def __str__(self) -> str:
        return f"{self.cluster}, {self.mode}"


@dataclass(frozen=True)
class CommonEffect:
    """For one group: by run, oldest first, each query's slowdown against its usual time."""

    times: Mapping[str, Mapping[str, float]]

    def others_p30(self, query: str) -> dict[str, float]:
        """Return, by run, the 30th percentile of the other queries' slowdowns: up to half of them may be slower for
        their own reasons. Runs with too few other queries are left out."""
        return {run: _percentile(times, 3) for run, times in self._others(query).items()}

    def others_p70(self, query: str) -> dict[str, float]:
        """Return, by run, the 70th percentile of the other queries' slowdowns: some of them may be faster for their own
        reasons."""
        return {run: _percentile(times, 7) for run, times in self._others(query).items()}

    def common_slowdown(self) -> dict[str, float]:
        """Return, by run, the common slowdown of all queries. Runs with too few queries are left out."""
        return {run: median(times.values()) for run, times in self.times.items() if len(times) > MIN_OTHERS}

    def _others(self, query: str) -> dict[str, list[float]]:
        others = {
            run: [slowdown for name, slowdown in times.items() if name != query] for run, times in self.times.items()
        }
        return {run: times for run, times in others.items() if len(times) >= MIN_OTHERS}


def _percentile(times: list[float], count: int) -> float:
    """Return a percentile in steps of 10 %, interpolated."""
    ordered = sorted(times)
    at, part = divmod((len(ordered) - 1) * count, 10)
    return ordered[at] + (ordered[at + 1] - ordered[at]) * part / 10


def group_of(case: Case, history: QueryHistory) -> QueryGroup:
    return QueryGroup(history.nights[-1].cluster, case.mode)


def common_effects(
    histories: Mapping[Case, QueryHistory], gains: Mapping[Case, Sequence[float]]
) -> dict[QueryGroup, CommonEffect]:
    """Return the common effect on the queries of a run, from their earlier nights.

    gains   for each night, how much faster the query had become for its own reasons (regime.py)
    """
    started = {night.run: night.started_ns for history in histories.values() for night in history.nights}
    by_group: dict[QueryGroup, dict[str, dict[str, list[float]]]] = {}
    for case, history in histories.items():
        runs = by_group.setdefault(group_of(case, history), {})
        if len(history.nights) < MIN_NIGHTS:
            # The usual time of a new query is unknown.
            continue
        typical_times = [
            night.typical_s * gain for night, gain in zip(history.nights, gains.get(case, repeat(1.0)), strict=False)
        ]
        usual = median(typical_times)
        for night, typical_s in zip(history.nights, typical_times, strict=True):
            runs.setdefault(night.run, {}).setdefault(case.query, []).append(typical_s / usual)
    return {
        group: CommonEffect(
            {
                run: {query: median(times) for query, times in runs[run].items()}
                for run in sorted(runs, key=started.__getitem__)
            }
        )
        for group, runs in by_group.items()
    }
