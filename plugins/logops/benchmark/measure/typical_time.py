"""The typical time of a query from many answers, and its standard error."""

from collections.abc import Sequence
from math import exp, inf, log, sqrt
from statistics import fmean, stdev

LEFT_OUT = 10
"""One of this many answers is left out at either end: an answer during a pause of the machine says nothing of the
query."""


def typical_time(seconds: Sequence[float]) -> float:
    """Return the geometric mean without the extremes. It varies less between nights than the median.

    >>> round(typical_time([1.0, 2.0, 4.0]), 6)
    2.0
    """
    left_out = len(seconds) // LEFT_OUT
    return exp(fmean(map(log, sorted(seconds)[left_out : len(seconds) - left_out])))


def standard_error(seconds: Sequence[float]) -> float:
    """Return the relative standard error of the typical time; infinite for fewer than two answers.

    >>> standard_error([1.0]), standard_error([1.0, 1.0])
    (inf, 0.0)
    """
    return stdev(map(log, seconds)) / sqrt(len(seconds)) if len(seconds) > 1 else inf
