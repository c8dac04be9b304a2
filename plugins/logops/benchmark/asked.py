"""What a benchmark is asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import TYPE_CHECKING

from logops.benchmark.shots import Mode
from logops.environment.units import Duration, Size

if TYPE_CHECKING:
    from logops.environment import Environment

ROUNDS = 20
"""Of each query, and up to MOST_ROUNDS of one whose answers differ so much that a fifth more would be hidden."""
MOST_ROUNDS = 100


def in_seconds(ranges: Iterable[Duration]) -> tuple[int, ...]:
    """Raises ValueError, that one is too short."""
    seconds = {one: one.value // 1000 for one in ranges}
    for one in seconds:
        if not seconds[one]:
            raise ValueError(f"{one} is too short for a range: 1s is the shortest.")
    return tuple(seconds.values())


@dataclass(frozen=True)
class Asked:
    """What to measure, and how much of the cluster it may take."""

    run: str
    as_of: datetime
    """Where every range ends: all rounds look at the same lines."""
    rounds: int
    modes: tuple[Mode, ...]
    ranges_s: tuple[int, ...]
    """Besides each query's own."""
    budget_bytes: int
    """That Loki may read for the whole run; what is left then is not asked."""
    concurrency: int = 1
    """Queries at a time. More end sooner and stand in each other's way, so compare only runs of the same."""
    named: bool = False
    """Queries by their names, and not the library: none of them may be left out."""
    most_rounds: int = 0
    """Up to so many of what is not known well after `rounds`."""
    minutes: float = inf
    """That it may take; what is left then is not asked."""


def benchmark_request(
    environment: "Environment",
    *,
    run: str,
    as_of: datetime,
    named: bool,
    modes: Sequence[Mode] = tuple(Mode),
    rounds: int = ROUNDS,
    most_rounds: int = MOST_ROUNDS,
    ranges: Iterable[str] | None = None,
    budget: str | None = None,
    minutes: float | None = None,
    concurrency: int = 1,
) -> Asked:
    """Return the request for a run. What is None comes from the environment's `benchmark` section.

    Raises ValueError if a range is not a duration of at least 1 s, or the budget is not a size.
    """
    usual = environment.benchmark
    return Asked(
        run=run,
        as_of=as_of,
        rounds=rounds,
        modes=tuple(modes),
        ranges_s=in_seconds(usual.ranges if ranges is None else map(Duration, ranges)),
        budget_bytes=(usual.budget if budget is None else Size(budget)).value,
        concurrency=concurrency,
        named=named,
        most_rounds=most_rounds,
        minutes=usual.minutes if minutes is None else minutes,
    )
