"""The cases that a benchmark runs, and their order."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """Whether Loki may answer from its results cache."""

    WARM = "warm"
    COLD = "cold"
    """Bypasses the results cache. Chunks and index may still be cached."""


@dataclass(frozen=True, order=True)
class Case:
    """One query, range and mode, which is measured repeatedly."""

    query: str
    range_s: int
    mode: Mode

    def __str__(self) -> str:
        """
        >>> str(Case("errors", 3600, Mode.COLD))
        'errors over 1h, cold'
        """
        return f"{self.query} over {range_text(self.range_s)}, {self.mode}"


@dataclass(frozen=True)
class Attempt:
    case: Case
    round: int
    """Round 0 warms the caches and is not judged."""


def one_round(cases: Sequence[Case], at: int) -> list[Attempt]:
    """Return everything once, every other round in reverse order. So a drift, of the machine's load or the amount of
    data, affects all alike."""
    return [Attempt(case, at) for case in (cases if at % 2 == 0 else reversed(cases))]


def range_text(range_s: int) -> str:
    """
    >>> range_text(7200), range_text(900), range_text(45)
    ('2h', '15m', '45s')
    """
    for unit, seconds in (("h", 3600), ("m", 60)):
        if range_s % seconds == 0:
            return f"{range_s // seconds}{unit}"
    return f"{range_s}s"
