"""What many answers say of how fast a query is, and how well it is known."""

from collections.abc import Sequence
from math import exp, inf, log, sqrt
from statistics import fmean, stdev

LEFT_OUT = 10
"""One of so many at either end: an answer that met a pause of the machine says nothing of the query."""


def level(seconds: Sequence[float]) -> float:
    """The geometric mean without the extremes; it differs less from night to night than the median does.

    >>> round(level([1.0, 2.0, 4.0]), 6)
    2.0
    """
    left_out = len(seconds) // LEFT_OUT
    return exp(fmean(map(log, sorted(seconds)[left_out : len(seconds) - left_out])))


def error(seconds: Sequence[float]) -> float:
    """Standard error of the level, as a share; of fewer than two: infinite.

    >>> error([1.0]), error([1.0, 1.0])
    (inf, 0.0)
    """
    return stdev(map(log, seconds)) / sqrt(len(seconds)) if len(seconds) > 1 else inf
