"""The usual rhythm of a source: how many lines each hour of the week has, as a multiple of its level."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from logops.quality.bands.score import LEAST_DISPERSION, scores
from logops.quality.bands.series import Counts
from logops.quality.bands.week import HOURS_PER_WEEK, Week

USUAL_SCORE = 3.0
"""A bucket with a larger score weighs less in the fit: a past incident must not become the rhythm."""
LEVEL_DAYS = 7
_PASSES = 3
_USUAL_DEVIATION = 0.3
"""A day whose logarithm differs by less from other weeks is usual."""
_LEAST_SHARE = 0.02
"""No bucket of the week is expected to have fewer lines than this share of the level."""
_FEW_PER_DAY = 50
"""With fewer lines a day, a day says too little about the level: the level is constant."""


@dataclass(frozen=True, eq=False)
class Shape:
    """The rhythm of a week, and how much counts vary around it."""

    by_hour: Counts
    """Multiple of the level for each hour of the week."""
    by_bucket: Counts
    """Multiple of the hour for each bucket of the day: jobs that run every hour or night at the same minute."""
    dispersion: float
    """Dispersion of the negative binomial distribution, one for all hours."""
    is_level_constant: bool

    def relative(self, week: Week) -> Counts:
        """Return the multiple of the level for each bucket."""
        return np.maximum(self.by_hour[week.hour] * self.by_bucket[week.of_day], _LEAST_SHARE)


def fit(counts: Counts, week: Week, day: int) -> Shape:
    """Fit the rhythm of whole days.

    Slots have few values: hours of the week are shrunk to the mean of the series, and buckets of the day to their hour,
    as much as their noise demands (empirical Bayes).

    day   buckets per day
    """
    present = np.isfinite(counts)
    filled = np.where(present, counts, 0.0)
    weights = present.astype(float)
    is_constant = filled.sum() / max(present.sum(), 1) * day < _FEW_PER_DAY
    means = _per_day(filled, weights, np.ones_like(filled), day)
    level = _smoothed(means, is_constant)
    if not is_constant:
        weights = weights * np.repeat(_day_weights(means / level), day)
    shape = Shape(np.ones(HOURS_PER_WEEK), np.ones(day), LEAST_DISPERSION, is_constant)
    for _ in range(_PASSES):
        by_level = np.repeat(level, day)
        relative = filled / by_level
        by_hour = _shrunk(relative, np.ones_like(relative), weights, week.hour, HOURS_PER_WEEK)
        by_bucket = np.ones(day)
        if day > 24:
            by_bucket = _shrunk(relative, by_hour[week.hour], weights, week.of_day, day)
        shape = Shape(by_hour, by_bucket, shape.dispersion, is_constant)
        usual = shape.relative(week)
        expected = usual * by_level
        shape = Shape(by_hour, by_bucket, dispersion_of(filled, expected, weights), is_constant)
        score = np.abs(scores(filled, expected, shape.dispersion))
        weights = np.where(present, np.minimum(1, (USUAL_SCORE / np.maximum(score, USUAL_SCORE)) ** 4), 0)
        level = _smoothed(_per_day(filled, weights, usual, day), is_constant)
    return shape


def day_levels(counts: Counts, week: Week, shape: Shape, day: int) -> Counts:
    """Return the level of every day: its lines, as a multiple of the rhythm. NaN: nothing was measured."""
    present = np.isfinite(counts).astype(float)
    return _per_day(np.nan_to_num(counts), present, shape.relative(week), day)


def _day_weights(relative: Counts) -> Counts:
    """Return low weights for days that differ from the same weekday of the other weeks: past incidents."""
    days = np.arange(len(relative))
    same_weekday = np.full((7, -(-len(relative) // 7)), np.nan)
    same_weekday[days % 7, days // 7] = relative
    usual = median_of_rows(same_weekday)[days % 7]
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = np.abs(np.log(relative / usual))
    known = deviation[np.isfinite(deviation)]
    limit = max(USUAL_SCORE * 1.5 * float(np.median(known)), _USUAL_DEVIATION) if len(known) else _USUAL_DEVIATION
    return np.where(np.isfinite(deviation), np.minimum(1, (limit / np.maximum(deviation, limit)) ** 4), 0)


def _per_day(filled: Counts, weights: Counts, usual: Counts, day: int) -> Counts:
    observed = (filled * weights).reshape(-1, day).sum(axis=1)
    expected = (usual * weights).reshape(-1, day).sum(axis=1)
    levels: Counts = np.divide(observed, expected, out=np.full(len(observed), np.nan), where=expected > 0)
    return levels


def _smoothed(levels: Counts, is_constant: bool) -> Counts:
    """Return the median of the days around each day. It follows steps, and ignores single days."""
    overall = max(float(np.nanmean(levels)) if np.isfinite(levels).any() else 0.0, 1e-9)
    if is_constant:
        return np.full(len(levels), overall)
    side = LEVEL_DAYS // 2
    padded = np.concatenate([np.full(side, np.nan), levels, np.full(side, np.nan)])
    # A day without any line has no level: that is silence, which has its own rule.
    padded[padded == 0] = np.nan
    windows = np.lib.stride_tricks.sliding_window_view(padded, LEVEL_DAYS)
    known = np.isfinite(windows).any(axis=1)
    return np.where(known, median_of_rows(windows), overall)


def median_of_rows(rows: Counts) -> Counts:
    """Return the median of the known values of each row; 0 if no value is known."""
    ordered = np.sort(rows, axis=1)
    known = np.isfinite(ordered).sum(axis=1)
    low, high = np.maximum(known - 1, 0) // 2, known // 2
    index = np.arange(len(rows))
    medians: Counts = np.nan_to_num((ordered[index, low] + ordered[index, np.minimum(high, rows.shape[1] - 1)]) / 2)
    return medians


def _shrunk(relative: Counts, base: Counts, weights: Counts, slot: npt.NDArray[np.intp], slots: int) -> Counts:
    """Return the mean of each slot as a multiple of `base`, shrunk to the mean of all slots."""
    weight = np.bincount(slot, weights * base, slots)
    total = np.bincount(slot, weights * relative, slots)
    overall = total.sum() / max(weight.sum(), 1e-9)
    means = np.divide(total, weight, out=np.full(slots, overall), where=weight > 0)
    expected = means[slot] * base
    # The variance of a count grows with its mean: compare relative deviations.
    variance = (weights * (relative - expected) ** 2).sum() / max((weights * expected**2).sum(), 1e-9)
    values = np.bincount(slot, weights, slots)
    noise = variance * overall**2 / np.maximum(values, 1e-9)
    between = max(float(np.var(means) - np.mean(noise[values > 0])), 0.0) if (values > 0).any() else 0.0
    kept = between / (between + noise + 1e-12)
    shrunk: Counts = overall + kept * (means - overall)
    return shrunk


def dispersion_of(filled: Counts, expected: Counts, weights: Counts) -> float:
    excess = (weights * ((filled - expected) ** 2 - expected)).sum()
    return max(float(excess / max((weights * expected**2).sum(), 1e-9)), LEAST_DISPERSION)
