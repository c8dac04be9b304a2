"""Limits of scores, calibrated on weeks that the fit has not seen.

A model's own quantiles are wrong if its assumptions are. So the scores of newer weeks, predicted from older weeks, show
how large scores really become (split conformal prediction). Two weeks have 1,344 buckets of 15 minutes. One false alarm
a quarter is rarer than their largest score can tell, so the tail is continued as an exponential one (peaks over
threshold; Siffer et al., KDD 2017). Half of the peaks decide, so up to half of them may be incidents. If there are few
peaks, their scale is uncertain, and the limit is wider. Besides, a limit is at least some standard deviations of the
statistic from its median.
"""

import math

import numpy as np

from logops.quality.bands.series import Counts

ALARMS_PER_WEEK = 0.1 / 13
"""False alarms of one rule that a source may raise: 0.1 a quarter."""
_PEAKS_ABOVE = 0.95
_FEWEST_PEAKS = 5
_DEVIATIONS = 4.8
_ONE_DEVIATION = 0.8413
"""Quantile of a normal distribution, one standard deviation above the median."""


def calibrated(statistic: Counts, weeks: float, least: float) -> float:
    """Return the limit that a statistic exceeds about `ALARMS_PER_WEEK` times a week, and at least `least`.

    statistic   values of the calibration weeks in order of time; -inf: no evidence
    """
    known = statistic[np.isfinite(statistic)]
    if len(known) < _FEWEST_PEAKS:
        return least
    usual, deviated, start = (float(value) for value in np.quantile(known, [0.5, _ONE_DEVIATION, _PEAKS_ABOVE]))
    least = max(least, usual + _DEVIATIONS * (deviated - usual))
    peaks = _peaks(statistic, start)
    if len(peaks) < _FEWEST_PEAKS:
        return max(least, start)
    scale = float(np.median(peaks - start)) / math.log(2) * (1 + 1 / math.sqrt(len(peaks)))
    return max(least, start + scale * math.log(max(len(peaks) / weeks / ALARMS_PER_WEEK, 1.0)))


def _peaks(statistic: Counts, start: float) -> Counts:
    """Return the largest value of each run above `start`."""
    above = statistic > start
    if not above.any():
        return np.empty(0)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], above, [False]])))
    firsts, ends = edges[::2], edges[1::2]
    return np.array([statistic[first:end].max() for first, end in zip(firsts, ends, strict=True)])


def kth_largest(values: Counts, k: int, n: int) -> Counts:
    """Return, for each bucket, the k-th largest of the last n values.

    If it exceeds a limit, k of n buckets exceed the limit: the persistence gate. A single odd bucket is no evidence.
    Absent buckets (NaN) are no evidence either.
    """
    padded = np.concatenate([np.full(n - 1, -np.inf), np.where(np.isfinite(values), values, -np.inf)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, n)
    return np.partition(windows, n - k, axis=1)[:, n - k]


def running_mean(values: Counts, n: int, clip: float) -> Counts:
    """Return, for each bucket, the mean of the last n values, clipped. -inf: half of them or more are absent."""
    known = np.isfinite(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(known, np.clip(values, -clip, clip), 0.0))])
    counts = np.concatenate([[0], np.cumsum(known)])
    last = np.arange(1, len(values) + 1)
    first = np.maximum(last - n, 0)
    number = counts[last] - counts[first]
    return np.where(number * 2 > n, (sums[last] - sums[first]) / np.maximum(number, 1), -np.inf)
