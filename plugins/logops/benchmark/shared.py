"""What a night did to all queries of a cluster alike: a busy machine, a slower disk, a neighbour.

It is no fault of one query, so each is judged by how it differs from the others that were measured in the same rounds;
and it is a series of its own, that of the library as a whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from statistics import median

from logops.benchmark.change import FEWEST as NIGHTS
from logops.benchmark.nights import Past
from logops.benchmark.shots import Arm, Mode

FEWEST = 3
"""Other queries: what fewer have in common may be the fault of one of them."""


@dataclass(frozen=True, order=True)
class Group:
    """Queries that are compared with each other."""

    cluster: str
    mode: Mode

    def __str__(self) -> str:
        return f"{self.cluster}, {self.mode}"


@dataclass(frozen=True)
class Shared:
    """Of one group: by run, oldest first, how many times as long as usual each query took."""

    times: Mapping[str, Mapping[str, float]]

    def beside(self, query: str) -> dict[str, float]:
        """By run, how many times as long as usual the other queries took: what all but three tenths of them took at
        least, as half of them may be slower for a reason of their own. Runs that have too few others are left out."""
        return {run: _tenths(times, 3) for run, times in self._others(query).items()}

    def beside_slow(self, query: str) -> dict[str, float]:
        """As `beside`, of others that may be faster for a reason of their own: what all but three tenths of them took
        at most."""
        return {run: _tenths(times, 7) for run, times in self._others(query).items()}

    def whole(self) -> dict[str, float]:
        """By run, that of all queries. Runs that have too few are left out."""
        return {run: median(times.values()) for run, times in self.times.items() if len(times) > FEWEST}

    def _others(self, query: str) -> dict[str, list[float]]:
        others = {run: [one for name, one in times.items() if name != query] for run, times in self.times.items()}
        return {run: times for run, times in others.items() if len(times) >= FEWEST}


def _tenths(times: list[float], count: int) -> float:
    """What so many tenths of them are below, between two of them in proportion."""
    ordered = sorted(times)
    at, part = divmod((len(ordered) - 1) * count, 10)
    return ordered[at] + (ordered[at + 1] - ordered[at]) * part / 10


def group_of(arm: Arm, past: Past) -> Group:
    return Group(past.nights[-1].cluster, arm.mode)


def shared(pasts: Mapping[Arm, Past], gains: Mapping[Arm, Sequence[float]]) -> dict[Group, Shared]:
    """Of the arms of a run, each with the nights before. `gains`: of each night of an arm, how many times as fast as at
    first it had become, for a reason of its own (era.py), which the others do not share."""
    started = {night.run: night.started_ns for past in pasts.values() for night in past.nights}
    found: dict[Group, dict[str, dict[str, list[float]]]] = {}
    for arm, past in pasts.items():
        runs = found.setdefault(group_of(arm, past), {})
        if len(past.nights) < NIGHTS:
            # Of what is new in the library, nobody knows what is usual.
            continue
        levels = [night.level * gain for night, gain in zip(past.nights, gains.get(arm, repeat(1.0)), strict=False)]
        usual = median(levels)
        for night, level in zip(past.nights, levels, strict=True):
            runs.setdefault(night.run, {}).setdefault(arm.query, []).append(level / usual)
    return {
        group: Shared(
            {
                run: {query: median(times) for query, times in runs[run].items()}
                for run in sorted(runs, key=started.__getitem__)
            }
        )
        for group, runs in found.items()
    }
