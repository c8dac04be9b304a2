"""Detect when a query became faster, which starts a new regime.

A faster query is not a regression (missing logs are found by the audits). But its earlier nights are not usual any
more: compared with them, it could become slower by the same amount before anybody noticed. So a new regime starts.
Nights before it are no history, and until there are enough new nights there is no verdict.

The gain of some queries is not the night's effect on all: otherwise the other queries would look slower beside them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from statistics import geometric_mean, median

from logops.benchmark.history.common_effect import common_effects, group_of
from logops.benchmark.history.nights import QueryHistory
from logops.benchmark.history.step import BASELINE, MIN_NIGHTS, significant_step
from logops.benchmark.measure.cases import Case

NEWEST_NIGHTS = (2, 3, 7)
"""Numbers of newest nights that are compared with earlier ones: a clear gain is seen after two nights, others after a
week."""
MAX_ITERATIONS = 8
"""Maximum of iterations. The known gains are removed from the common factor, which reveals further gains."""
MIN_CHANGE = 0.002
"""Minimum change of the known gains for another iteration."""
MIN_GAIN = 1.1
"""Minimum gain. A smaller one hides little, and a new regime costs ten nights without a verdict."""


@dataclass(frozen=True)
class Regimes:
    """The regimes of one query, range and mode."""

    starts: tuple[int, ...]
    """Indexes of the nights that start a regime: the first night, and the nights of a gain."""
    gains: tuple[float, ...]
    """For each night, the gain since the first night, relative to the other queries."""

    def alike(self, other: "Regimes") -> bool:
        return self.starts == other.starts and abs(self.gains[-1] / other.gains[-1] - 1) <= MIN_CHANGE


ONE_REGIME = Regimes((0,), (1.0,))


def regimes(histories: Mapping[Case, QueryHistory]) -> dict[Case, Regimes]:
    """Return the regimes of every case in a run, relative to the other queries of its cluster."""
    by_case: dict[Case, Regimes] = {}
    for _ in range(MAX_ITERATIONS):
        groups = common_effects(histories, {case: case_regimes.gains for case, case_regimes in by_case.items()})
        before = by_case
        by_case = {
            case: regimes_of(case_history, groups[group_of(case, case_history)].others_p70(case.query))
            for case, case_history in histories.items()
        }
        if all(case_regimes.alike(before.get(case, ONE_REGIME)) for case, case_regimes in by_case.items()):
            break
    return by_case


def newest_regime(times: Sequence[float]) -> Sequence[float]:
    """Return the nights since a series without others to compare with became faster; all nights if it never did."""
    return times[regime_starts([-log(time) for time in times], times)[-1] :]


def regimes_of(history: QueryHistory, others: Mapping[str, float]) -> Regimes:
    """Return the regimes of a query.

    others   by run, the slowdown of the other queries. If the newest run has it, nights without it start no regime
    """
    beside = history.nights[-1].run in others
    known = [number for number, night in enumerate(history.nights) if not beside or night.run in others]
    nights = [history.nights[number] for number in known]
    speeds = [-log(night.typical_s / others[night.run] if beside else night.typical_s) for night in nights]
    starts = regime_starts(speeds, [night.typical_s for night in nights])
    gains = [1.0] * len(history.nights)
    for before, first, end in zip(starts, starts[1:], (*starts[2:], len(known)), strict=False):
        gain = exp(median(speeds[first:end]) - median(speeds[before:first]))
        gains[known[first] :] = [earlier_gain * gain for earlier_gain in gains[known[first] :]]
    return Regimes((0, *(known[number] for number in starts[1:])), tuple(gains))


def regime_starts(speeds: Sequence[float], typical_times: Sequence[float]) -> list[int]:
    """Return the first night of each regime. `speeds` are relative to the others, in logarithms."""
    starts = [0]
    for end in range(MIN_NIGHTS, len(speeds) + 1):
        since = starts[-1]
        for count in NEWEST_NIGHTS:
            if became_faster(speeds[since:end], count) and faster_in_absolute_terms(typical_times[since:end], count):
                starts.append(end - count)
                break
    return starts


def became_faster(speeds: Sequence[float], count: int) -> bool:
    """Whether the newest `count` nights are faster. Logarithms: larger is faster."""
    before = speeds[:-count][-BASELINE:]
    if len(speeds) < MIN_NIGHTS or sum(speeds[-count:]) / count - sum(before) / len(before) <= log(MIN_GAIN):
        return False
    return significant_step(speeds, count, log(MIN_GAIN)) is not None


def faster_in_absolute_terms(typical_times: Sequence[float], count: int) -> bool:
    """Whether the query is faster in absolute terms: not if it keeps its speed while others slow down."""
    return geometric_mean(typical_times[-count:]) * MIN_GAIN < median(typical_times[:-count][-BASELINE:])
