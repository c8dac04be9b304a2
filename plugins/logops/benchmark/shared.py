"""What a night did to all queries of a cluster alike: a busy machine, a slower disk, a neighbour.

It is no fault of one query, so each is judged by how it differs from the others that were measured in the same rounds;
and it is a series of its own, that of the library as a whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median, quantiles

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
        others = {run: [one for name, one in times.items() if name != query] for run, times in self.times.items()}
        return {run: _three_tenths(times) for run, times in others.items() if len(times) >= FEWEST}

    def whole(self) -> dict[str, float]:
        """By run, that of all queries. Runs that have too few are left out."""
        return {run: median(times.values()) for run, times in self.times.items() if len(times) > FEWEST}


def _three_tenths(times: list[float]) -> float:
    return quantiles(times, n=10, method="inclusive")[2]


def group_of(arm: Arm, past: Past) -> Group:
    return Group(past.nights[-1].cluster, arm.mode)


def shared(pasts: Mapping[Arm, Past]) -> dict[Group, Shared]:
    """Of the arms of a run, each with the nights before."""
    started = {night.run: night.started_ns for past in pasts.values() for night in past.nights}
    found: dict[Group, dict[str, dict[str, list[float]]]] = {}
    for arm, past in pasts.items():
        runs = found.setdefault(group_of(arm, past), {})
        if len(past.nights) < NIGHTS:
            # Of what is new in the library, nobody knows what is usual.
            continue
        usual = median(one.level for one in past.nights)
        for night in past.nights:
            runs.setdefault(night.run, {}).setdefault(arm.query, []).append(night.level / usual)
    return {
        group: Shared(
            {
                run: {query: median(times) for query, times in runs[run].items()}
                for run in sorted(runs, key=started.__getitem__)
            }
        )
        for group, runs in found.items()
    }
