"""Detect when a query became faster, which starts a new regime ("era").

A faster query is not a regression (missing logs are found by the audits). But its earlier nights are not usual any
more: compared with them, it could become slower by the same amount before anybody noticed. So a new era starts.
Nights before it are no history, and until there are enough new nights there is no verdict.

The gain of some queries is not the night's effect on all: otherwise the other queries would look slower beside them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from statistics import geometric_mean, median

from logops.benchmark.change import BASELINE, FEWEST, stands_out
from logops.benchmark.nights import Past
from logops.benchmark.shared import group_of, shared
from logops.benchmark.shots import Arm

COUNTS = (2, 3, 7)
"""Numbers of newest nights that are compared with earlier ones: a clear gain is seen after two nights, others after a
week."""
PASSES = 8
"""Maximum of iterations. The known gains are removed from the common factor, which reveals further gains."""
ENOUGH = 0.002
"""Minimum change of the known gains for another iteration."""
LEAST = 1.1
"""Minimum gain. A smaller one hides little, and a new era costs ten nights without a verdict."""


@dataclass(frozen=True)
class Eras:
    """The eras of one query, range and mode."""

    firsts: tuple[int, ...]
    """Indexes of the nights that start an era: the first night, and the nights of a gain."""
    gains: tuple[float, ...]
    """For each night, the gain since the first night, relative to the other queries."""

    def alike(self, other: "Eras") -> bool:
        return self.firsts == other.firsts and abs(self.gains[-1] / other.gains[-1] - 1) <= ENOUGH


NONE = Eras((0,), (1.0,))


def eras(pasts: Mapping[Arm, Past]) -> dict[Arm, Eras]:
    """Return the eras of everything in a run, relative to the other queries of its cluster."""
    by_arm: dict[Arm, Eras] = {}
    for _ in range(PASSES):
        groups = shared(pasts, {arm: arm_eras.gains for arm, arm_eras in by_arm.items()})
        before = by_arm
        by_arm = {
            arm: eras_of(arm_past, groups[group_of(arm, arm_past)].beside_slow(arm.query))
            for arm, arm_past in pasts.items()
        }
        if all(arm_eras.alike(before.get(arm, NONE)) for arm, arm_eras in by_arm.items()):
            break
    return by_arm


def newest_era(times: Sequence[float]) -> Sequence[float]:
    """Return the nights since a series without others to compare with became faster; all nights if it never did."""
    return times[begun([-log(time) for time in times], times)[-1] :]


def eras_of(past: Past, others: Mapping[str, float]) -> Eras:
    """Return the eras of a query.

    others   by run, the slowdown of the other queries. If the newest run has it, nights without it start no era
    """
    beside = past.nights[-1].run in others
    known = [at for at, night in enumerate(past.nights) if not beside or night.run in others]
    nights = [past.nights[at] for at in known]
    speeds = [-log(night.level / others[night.run] if beside else night.level) for night in nights]
    firsts = begun(speeds, [night.level for night in nights])
    gains = [1.0] * len(past.nights)
    for before, first, end in zip(firsts, firsts[1:], (*firsts[2:], len(known)), strict=False):
        gain = exp(median(speeds[first:end]) - median(speeds[before:first]))
        gains[known[first] :] = [earlier_gain * gain for earlier_gain in gains[known[first] :]]
    return Eras((0, *(known[at] for at in firsts[1:])), tuple(gains))


def begun(speeds: Sequence[float], levels: Sequence[float]) -> list[int]:
    """Return the first night of each era. `speeds` are relative to the others, in logarithms."""
    firsts = [0]
    for end in range(FEWEST, len(speeds) + 1):
        since = firsts[-1]
        for count in COUNTS:
            if became_faster(speeds[since:end], count) and faster_by_itself(levels[since:end], count):
                firsts.append(end - count)
                break
    return firsts


def became_faster(speeds: Sequence[float], count: int) -> bool:
    """Whether the newest `count` nights are faster. Logarithms: larger is faster."""
    before = speeds[:-count][-BASELINE:]
    if len(speeds) < FEWEST or sum(speeds[-count:]) / count - sum(before) / len(before) <= log(LEAST):
        return False
    return stands_out(speeds, count, log(LEAST)) is not None


def faster_by_itself(levels: Sequence[float], count: int) -> bool:
    """Whether the query is faster in absolute terms: not if it keeps its speed while others slow down."""
    return geometric_mean(levels[-count:]) * LEAST < median(levels[:-count][-BASELINE:])
