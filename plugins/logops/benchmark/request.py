"""The request for a benchmark."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import TYPE_CHECKING

from logops.benchmark.measure.cases import Mode

if TYPE_CHECKING:
    from logops.environment import Environment
    from logops.environment.units import Duration

ROUNDS = 20
"""Rounds per query; up to MOST_ROUNDS if the answers vary so much that a slowdown of 20 % would be hidden."""
MOST_ROUNDS = 100


def in_seconds(ranges: "Iterable[Duration]") -> tuple[int, ...]:
    """Return ranges in whole seconds. Raises ValueError if one is too short."""
    seconds = {duration: duration.value // 1000 for duration in ranges}
    for duration, whole_seconds in seconds.items():
        if not whole_seconds:
            raise ValueError(f"{duration} is too short for a range: 1s is the shortest.")
    return tuple(seconds.values())


@dataclass(frozen=True)
class BenchmarkRequest:
    """A request for a benchmark: the cases to measure, and the limits of time and bytes."""

    run: str
    as_of: datetime
    """The end of every range: all rounds read the same lines."""
    rounds: int
    modes: tuple[Mode, ...]
    ranges_s: tuple[int, ...]
    """In addition to each query's own range."""
    budget_bytes: int
    """Bytes that Loki may read in the whole run. Queries that do not fit are not run."""
    concurrency: int = 1
    """Queries at a time. More of them end sooner but slow each other down: compare only runs with the same number."""
    named: bool = False
    """Whether queries were selected by name. Then none of them may be left out."""
    most_rounds: int = 0
    """Maximum of rounds for a query that is not known well after `rounds`."""
    minutes: float = inf
    """Time limit. Queries that do not fit are not run."""


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
) -> BenchmarkRequest:
    """Return the request for a run. What is None comes from the environment's `benchmark` section.

    Raises ValueError if a range is not a duration of at least 1 s, or the budget is not a size.
    """
    # A DAG file imports this module, and must not import pydantic.
    from logops.environment.units import Duration, Size

    usual = environment.benchmark
    return BenchmarkRequest(
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
