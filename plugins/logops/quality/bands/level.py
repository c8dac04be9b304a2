"""The level of a source from day to day, and lasting shifts of it.

The level of a day is predicted from the days before: it is their median, so one bad day does not move it. If a source
has stayed at a new level for a whole day, steadily, the new level is its usual one. Otherwise a source that was resized
would be reported for ever. The old level stays known for a week: a source that returns to it is not reported again.
"""

from dataclasses import dataclass

import numpy as np

from logops.quality.bands.score import mean_score, scores
from logops.quality.bands.series import Counts
from logops.quality.bands.shape import LEVEL_DAYS, USUAL_SCORE, Shape, day_levels, median_of_rows
from logops.quality.bands.week import Week

SHIFT_SCORE = 1.0
"""Mean score of a whole day from which on it may be another level."""
STEADY_SHARE = 0.9
"""Share of a day's buckets that must fit the new level."""


@dataclass(frozen=True, eq=False)
class Levels:
    """The level that the days before predict, for every day and for the day after the last."""

    current: Counts
    previous: Counts
    """The level before a shift of the last week. NaN: the level did not shift."""
    shift_day: int | None
    """First day of the last shift."""


def predicted_levels(counts: Counts, week: Week, shape: Shape, day: int) -> Levels:
    """Return the predicted level of each day. `counts` are whole days."""
    levels = day_levels(counts, week, shape, day)
    days = len(levels)
    if shape.is_level_constant:
        mean = float(np.nanmean(levels)) if np.isfinite(levels).any() else 0.0
        return Levels(np.full(days + 1, mean), np.full(days + 1, np.nan), None)
    # A day without a line is silence, not a level.
    levels[levels == 0] = np.nan
    current = _trailing(levels, 0)
    previous = np.full(days + 1, np.nan)
    shift_day, start = None, LEVEL_DAYS
    usual = shape.relative(week)
    while (shifted := _first_shift(counts, usual, levels, current, shape.dispersion, start, day)) is not None:
        shift_day, start = shifted, shifted + 1
        previous[start : start + LEVEL_DAYS] = current[shifted]
        current[start:] = _trailing(levels, shifted)[start:]
    return Levels(current, previous, shift_day)


def expected_counts(levels: Counts, usual: Counts, day: int) -> Counts:
    """Return the expected count of each bucket of the days of `levels`."""
    return np.repeat(levels, day) * usual


def _trailing(levels: Counts, first: int) -> Counts:
    """Return the median of the days before each day, from `first` on. The first days know only themselves."""
    known = levels.copy()
    known[:first] = np.nan
    padded = np.concatenate([np.full(LEVEL_DAYS, np.nan), known])
    windows = np.lib.stride_tricks.sliding_window_view(padded, LEVEL_DAYS)
    medians = median_of_rows(windows)
    at_first = median_of_rows(known[None, first : first + LEVEL_DAYS])[0]
    medians[medians == 0] = at_first
    return medians


def _first_shift(
    counts: Counts, usual: Counts, levels: Counts, current: Counts, dispersion: float, start: int, day: int
) -> int | None:
    """Return the first day, from `start` on, that is steadily at another level."""
    days = len(levels)
    if start >= days:
        return None
    observed = counts[start * day :]
    score = scores(observed, expected_counts(current[start:days], usual[start * day :], day), dispersion)
    usual_score = mean_score(score)
    for offset in np.flatnonzero(np.abs(_means(score, day) - usual_score) >= SHIFT_SCORE):
        one_day = slice(int(offset) * day, (int(offset) + 1) * day)
        expected = usual[start * day :][one_day] * levels[start + offset]
        if is_steady(observed[one_day], expected, dispersion, usual_score):
            return start + int(offset)
    return None


def is_steady(observed: Counts, expected: Counts, dispersion: float, usual_score: float) -> bool:
    """Whether the counts of a day fit the expected ones: nearly all buckets, and each quarter of the day."""
    score = scores(observed, expected, dispersion) - usual_score
    known = np.isfinite(score)
    if known.sum() * 2 < len(score) or np.mean(np.abs(score[known]) < USUAL_SCORE) < STEADY_SHARE:
        return False
    return bool(np.all(np.abs(_means(score, len(score) // 4)) < SHIFT_SCORE))


def _means(score: Counts, day: int) -> Counts:
    rows = score.reshape(-1, day)
    known = np.isfinite(rows).sum(axis=1)
    means: Counts = np.nansum(rows, axis=1) / np.maximum(known, 1)
    return means
