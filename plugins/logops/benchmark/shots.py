"""What a benchmark asks, in which order."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """Whether Loki may answer from its cache of results."""

    WARM = "warm"
    COLD = "cold"
    """Asked past the cache of results; chunks and index may still lie in theirs."""


@dataclass(frozen=True, order=True)
class Arm:
    """One thing that is measured again and again."""

    query: str
    range_s: int
    mode: Mode

    def __str__(self) -> str:
        """
        >>> str(Arm("errors", 3600, Mode.COLD))
        'errors over 1h, cold'
        """
        return f"{self.query} over {short(self.range_s)}, {self.mode}"


@dataclass(frozen=True)
class Shot:
    arm: Arm
    round: int
    """0 warms, and is not judged."""


def one_round(arms: Sequence[Arm], at: int) -> list[Shot]:
    """Each arm once, every other round backwards: what drifts meanwhile, the machine's load or the growth of the data,
    meets all arms alike."""
    return [Shot(arm, at) for arm in (arms if at % 2 == 0 else reversed(arms))]


def short(range_s: int) -> str:
    """
    >>> short(7200), short(900), short(45)
    ('2h', '15m', '45s')
    """
    for unit, seconds in (("h", 3600), ("m", 60)):
        if range_s % seconds == 0:
            return f"{range_s // seconds}{unit}"
    return f"{range_s}s"
