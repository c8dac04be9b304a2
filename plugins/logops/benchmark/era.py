"""Since when a query has been as fast as it is.

To become faster is no regression (logs that went missing are the audits' to find). But where a query did, by a change
of the cluster or of its data, what it took before is not usual any more: held against that, it could become slower by
as much before anybody was told. So an era of its own begins; nights before it are no history, and until there are
enough of it, too few is what is said.

And what some queries gained is not what a night did to all: the others would look slower beside them.
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
"""Newest nights that are held against those before: an era is seen after two where it is plain, else after a week."""
PASSES = 8
"""At most: what some are seen to have gained is left out of what all have in common, and more is seen."""
ENOUGH = 0.002
"""What a pass must change of what is known to be gained, for another."""
LEAST = 1.1
"""Times as fast, at least. Less than that hides little, and would cost ten nights."""


@dataclass(frozen=True)
class Eras:
    """Of one arm."""

    firsts: tuple[int, ...]
    """Which of its nights, from 0, begin one: the first, and where it became faster."""
    gains: tuple[float, ...]
    """Of each night, how many times as fast as at first the query had become, beside the others."""

    def alike(self, other: "Eras") -> bool:
        return self.firsts == other.firsts and abs(self.gains[-1] / other.gains[-1] - 1) <= ENOUGH


NONE = Eras((0,), (1.0,))


def eras(pasts: Mapping[Arm, Past]) -> dict[Arm, Eras]:
    """Of the arms of a run, each beside the others of its cluster."""
    found: dict[Arm, Eras] = {}
    for _ in range(PASSES):
        groups = shared(pasts, {arm: one.gains for arm, one in found.items()})
        before = found
        found = {arm: eras_of(one, groups[group_of(arm, one)].beside_slow(arm.query)) for arm, one in pasts.items()}
        if all(one.alike(before.get(arm, NONE)) for arm, one in found.items()):
            break
    return found


def newest_era(times: Sequence[float]) -> Sequence[float]:
    """Of a series that stands beside no other, the nights since it became faster; all where it never did."""
    return times[begun([-log(one) for one in times], times)[-1] :]


def eras_of(past: Past, others: Mapping[str, float]) -> Eras:
    """`others`: by run, how many times as long as usual the others took. Where it is known of the newest run, nights of
    which it is not begin no era."""
    beside = past.nights[-1].run in others
    known = [at for at, night in enumerate(past.nights) if not beside or night.run in others]
    nights = [past.nights[at] for at in known]
    speeds = [-log(one.level / others[one.run] if beside else one.level) for one in nights]
    firsts = begun(speeds, [one.level for one in nights])
    gains = [1.0] * len(past.nights)
    for before, first, end in zip(firsts, firsts[1:], (*firsts[2:], len(known)), strict=False):
        gain = exp(median(speeds[first:end]) - median(speeds[before:first]))
        gains[known[first] :] = [one * gain for one in gains[known[first] :]]
    return Eras((0, *(known[at] for at in firsts[1:])), tuple(gains))


def begun(speeds: Sequence[float], levels: Sequence[float]) -> list[int]:
    """The first night of each era. `speeds`: beside the others, in logarithms."""
    firsts = [0]
    for end in range(FEWEST, len(speeds) + 1):
        since = firsts[-1]
        for count in COUNTS:
            if became_faster(speeds[since:end], count) and faster_by_itself(levels[since:end], count):
                firsts.append(end - count)
                break
    return firsts


def became_faster(speeds: Sequence[float], count: int) -> bool:
    """Of logarithms, the larger the faster."""
    before = speeds[:-count][-BASELINE:]
    if len(speeds) < FEWEST or sum(speeds[-count:]) / count - sum(before) / len(before) <= log(LEAST):
        return False
    return stands_out(speeds, count, log(LEAST)) is not None


def faster_by_itself(levels: Sequence[float], count: int) -> bool:
    """Whether it is, whatever the others do. What keeps its pace while the others lose theirs is not faster."""
    return geometric_mean(levels[-count:]) * LEAST < median(levels[:-count][-BASELINE:])
