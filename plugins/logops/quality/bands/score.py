"""How unusual a count is, in standard deviations of a negative binomial distribution.

A negative binomial count with mean m and dispersion d has the variance m + d m^2. The transformation
g(y) = 2 / sqrt(d) asinh(sqrt(d (y + 3/8))) makes its variance 1 (F. J. Anscombe, Biometrika 35, 1948). So
g(observed) - g(expected) is a score that can be compared, averaged and calibrated. A limit of the score is a band of
counts. For small d, g is like the square root, for large d like the logarithm.
"""

import math

import numpy as np

from logops.quality.bands.series import Counts

LEAST_DISPERSION = 0.05**2
"""A source that is steadier than 5 % is judged as if it were not: smaller changes matter to nobody."""
_SHIFT = 3 / 8
_USUAL = 3.0
"""Larger scores are incidents; they do not count in a mean."""


def scores(observed: Counts, expected: Counts, dispersion: float) -> Counts:
    """Return the score of each count. Below 0: fewer lines than expected."""
    return transform(observed, dispersion) - transform(expected, dispersion)


def transform(counts: Counts, dispersion: float) -> Counts:
    transformed: Counts = 2 / math.sqrt(dispersion) * np.arcsinh(np.sqrt(dispersion * (counts + _SHIFT)))
    return transformed


def count_at(score: float, expected: Counts, dispersion: float) -> Counts:
    """Return the count that has this score; 0 if no count is so low."""
    transformed = transform(expected, dispersion) + score
    root = np.sinh(np.maximum(transformed, 0) * math.sqrt(dispersion) / 2)
    return np.maximum(root**2 / dispersion - _SHIFT, 0)


def surprise_of_zero(expected: Counts, dispersion: float) -> Counts:
    """Return -log P(0) of each bucket: how surprising it is that no line comes."""
    surprise: Counts = np.log1p(dispersion * expected) / dispersion
    return surprise


def mean_score(score: Counts) -> float:
    """Return the mean score of a history. It is below 0 for skewed counts: most of them are below their mean."""
    known = score[np.isfinite(score)]
    return float(np.clip(known, -_USUAL, _USUAL).mean()) if len(known) else 0.0
