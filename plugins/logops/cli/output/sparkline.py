"""Sparklines for tables: a bar per period, on one time axis for all rows."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

_BARS = "▁▂▃▄▅▆▇█"
_GAP = " "


@dataclass(frozen=True)
class TimeAxis:
    """The periods of equal length that the bars of a column stand for."""

    start_ns: int
    bar_ns: int
    """Length of the period of one bar."""
    bars: int


def sparkline(points: Iterable[tuple[int, float]], axis: TimeAxis) -> str:
    """Return one bar per period of the axis: the largest number in it, or a gap if there is none.

    The height is relative to the largest number of the row, from zero. A negative number is drawn as zero. Points
    outside the axis are left out.

    points   time in nanoseconds, and the number

    >>> sparkline([(10, 1.0), (20, 2.0), (40, 4.0), (45, 3.0)], TimeAxis(start_ns=10, bar_ns=10, bars=4))
    '▂▄ █'
    """
    largest: dict[int, float] = {}
    for at_ns, number in points:
        bar = (at_ns - axis.start_ns) // axis.bar_ns
        if 0 <= bar < axis.bars and not math.isnan(number):
            largest[bar] = max(number, largest.get(bar, number))
    highest = max((number for number in largest.values() if math.isfinite(number)), default=0.0)
    return "".join(_bar(largest[bar], highest) if bar in largest else _GAP for bar in range(axis.bars))


def _bar(number: float, highest: float) -> str:
    if number <= 0:
        return _BARS[0]
    return _BARS[-1] if number >= highest else _BARS[max(0, math.ceil(number / highest * len(_BARS)) - 1)]
