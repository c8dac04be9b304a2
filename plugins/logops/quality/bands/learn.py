"""Learn the band of a source from its history, and judge its last day with it.

Older weeks give the rhythm, newer weeks the limits of the scores, all weeks together the expected counts of the last
day. The last day itself teaches nothing: a drop must not redefine what is usual.
"""

from collections.abc import Set
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from logops.quality.bands.level import SHIFT_SCORE, expected_counts, is_steady, predicted_levels
from logops.quality.bands.score import count_at, mean_score, scores, surprise_of_zero
from logops.quality.bands.series import Counts, Series, coarser
from logops.quality.bands.shape import USUAL_SCORE, Shape, dispersion_of, fit
from logops.quality.bands.silence import usual_limit
from logops.quality.bands.threshold import calibrated, kth_largest, running_mean
from logops.quality.bands.week import Week, week

FIT_DAYS = 14
CALIBRATION_DAYS = 14
NEEDED_DAYS = FIT_DAYS + CALIBRATION_DAYS + 1
MOST_DAYS = 8 * 7 + 1

OUTSIDE, OF = 3, 4
"""The persistence gate: 3 of 4 buckets must be outside."""
LEAST_LIMIT = 2.5
"""Smallest limit of the persistence gate, in standard deviations."""
MEAN_HOURS = 6
"""Length of the mean that finds small but lasting changes."""
LEAST_MEAN_DEVIATIONS = 4.2
"""Standard deviations of a mean of independent scores."""
CLIP = 8.0
"""Largest score in a mean: one bucket alone must not decide it."""
SURPRISING_ZERO = 3.5
"""Score of a bucket without lines from which on a bucket is long enough to be judged."""
_FACTORS = (1, 2, 4, 8, 16, 32, 48)
_WEEKS = CALIBRATION_DAYS / 7


@dataclass(frozen=True, eq=False)
class Side:
    """The limits of one side, low or high, and the buckets that exceed them."""

    limit: float
    mean_limit: float
    is_outside: npt.NDArray[np.bool_]
    """Single buckets outside of the band."""
    is_gated: npt.NDArray[np.bool_]
    """The persistence gate is passed."""
    is_mean_outside: npt.NDArray[np.bool_]
    """The mean of some hours is outside."""


@dataclass(frozen=True, eq=False)
class LearnedRate:
    """The band of the calibration weeks and of the last day."""

    factor: int
    """Buckets of the series that are judged together."""
    observed: Counts
    expected: Counts
    score: Counts
    lower: Counts
    upper: Counts
    dispersion: float
    offset: float
    """Mean score of the calibration weeks; it is subtracted from all scores."""
    low: Side
    high: Side


@dataclass(frozen=True, eq=False)
class Learned:
    """Everything that was learned of a source."""

    rate: LearnedRate | None
    """None: the source has too few lines for a band."""
    expected: Counts
    """Expected count of each bucket of the calibration weeks and of the last day."""
    surprise: Counts
    """How surprising each of these buckets is without a line."""
    silence_limit: float
    shift_buckets_ago: int | None
    """Buckets since the last shift of the level. None: the level did not shift in the last week."""
    shift_ratio: float
    is_new_level: bool
    """The whole last day was steadily at another level."""


def learn(series: Series, zone: str, holidays: Set[date]) -> Learned | None:
    """Return what the history teaches; None if it is too short, or if hours have no whole number of buckets.

    series   closed buckets, from the source's first traffic on
    """
    day = series.day
    days = min(len(series.counts) // day, MOST_DAYS)
    if days < NEEDED_DAYS or not series.divides_hour:
        return None
    recent = series.last(days * day)
    places = week(recent.start, recent.bucket_s, len(recent.counts), zone, frozenset(holidays))
    train = _without_trailing_silence(recent.counts[:-day], day)
    if np.isfinite(train).sum() * 2 < len(train):
        return None
    calibration = CALIBRATION_DAYS * day
    older = fit(train[:-calibration], places.part(0, len(train) - calibration), day)
    before, before_previous, _, _ = _predict(train, places, older, day)
    shape = fit(train, places.part(0, len(train)), day)
    now, now_previous, shift_day, shift_ratio = _predict(train, places, shape, day)
    expected = np.concatenate([before[len(train) - calibration : len(train)], now[-day:]])
    previous = np.concatenate([before_previous[len(train) - calibration : len(train)], now_previous[-day:]])
    observed = recent.counts[-len(expected) :]
    surprise = surprise_of_zero(expected, older.dispersion)
    rate = _learn_rate(observed, expected, previous, older.dispersion, day)
    last = slice(-day, None)
    return Learned(
        rate,
        expected,
        surprise,
        usual_limit(train, surprise_of_zero(before[: len(train)], older.dispersion), len(train) / day / 7),
        None if shift_day is None or days - shift_day > 8 else (days - shift_day) * day,
        shift_ratio,
        rate is not None and _is_new_level(observed[last], expected[last], rate),
    )


def _without_trailing_silence(counts: Counts, day: int) -> Counts:
    """Return the counts with a silence of more than a day at the end as absent: it is judged, and teaches nothing."""
    with_lines = np.flatnonzero(np.nan_to_num(counts) > 0)
    last = int(with_lines[-1]) + 1 if len(with_lines) else 0
    if len(counts) - last <= day:
        return counts
    return np.concatenate([counts[:last], np.full(len(counts) - last, np.nan)])


def _predict(train: Counts, places: Week, shape: Shape, day: int) -> tuple[Counts, Counts, int | None, float]:
    """Return the expected counts of all days and the next, the same at the level before a shift, and the shift."""
    levels = predicted_levels(train, places.part(0, len(train)), shape, day)
    usual = shape.relative(places)
    current = expected_counts(levels.current, usual, day)
    ratio = 1.0
    if levels.shift_day is not None:
        before = levels.current[levels.shift_day]
        ratio = float(levels.current[-1] / before) if before > 0 else 1.0
    return current, expected_counts(levels.previous, usual, day), levels.shift_day, ratio


def _learn_rate(
    observed: Counts, expected: Counts, previous: Counts, dispersion: float, day: int
) -> LearnedRate | None:
    factor = _factor(expected, dispersion, day)
    if factor is None:
        return None
    calibration = CALIBRATION_DAYS * day // factor
    observed, expected, previous = (coarser(counts, factor) for counts in (observed, expected, previous))
    score = _nearest(observed, expected, previous, dispersion)
    weights = np.where(np.isfinite(score[:calibration]), 1.0, 0.0)
    weights[np.abs(np.nan_to_num(score[:calibration])) > 2 * USUAL_SCORE] = 0
    dispersion = dispersion_of(np.nan_to_num(observed[:calibration]), expected[:calibration], weights)
    score = _nearest(observed, expected, previous, dispersion)
    offset = mean_score(score[:calibration])
    score = score - offset
    hours = max(MEAN_HOURS * day // 24 // factor, OF)
    low, high = (_side(sign * score, calibration, hours) for sign in (-1, 1))
    return LearnedRate(
        factor,
        observed,
        expected,
        score,
        count_at(offset - low.limit, expected, dispersion),
        count_at(offset + high.limit, expected, dispersion),
        dispersion,
        offset,
        low,
        high,
    )


def _factor(expected: Counts, dispersion: float, day: int) -> int | None:
    """Return how many buckets are judged together, so that a sum of 0 is surprising; None: a day is too short."""
    for factor in _FACTORS:
        if day % factor == 0 and day // factor > 1:
            quiet = np.quantile(coarser(expected, factor), 0.25)
            if scores(np.full(1, quiet), np.zeros(1), dispersion)[0] >= SURPRISING_ZERO:
                return factor
    return None


def _nearest(observed: Counts, expected: Counts, previous: Counts, dispersion: float) -> Counts:
    """Return the score at the current level or at the level before the last shift, whichever fits better."""
    score = scores(observed, expected, dispersion)
    known = np.isfinite(previous)
    if not known.any():
        return score
    other = np.full(len(score), np.inf)
    other[known] = scores(observed[known], previous[known], dispersion)
    return np.where(np.abs(other) < np.abs(score), other, score)


def _side(score: Counts, calibration: int, hours: int) -> Side:
    """Return the limits of the scores above 0."""
    gate = kth_largest(score, OUTSIDE, OF)
    mean = running_mean(score, hours, CLIP)
    limit = calibrated(gate[:calibration], _WEEKS, LEAST_LIMIT)
    mean_limit = calibrated(mean[:calibration], _WEEKS, LEAST_MEAN_DEVIATIONS / hours**0.5)
    # The mean of hours remembers; the last buckets say whether it is over.
    still = running_mean(score, OF, CLIP) >= mean_limit / 2
    return Side(limit, mean_limit, score > limit, gate > limit, (mean > mean_limit) & still)


def _is_new_level(observed: Counts, expected: Counts, rate: LearnedRate) -> bool:
    score = scores(observed, expected, rate.dispersion) - rate.offset
    if not np.isfinite(score).any() or abs(float(np.nanmean(score))) < SHIFT_SCORE:
        return False
    present = np.isfinite(observed)
    level = observed[present].sum() / max(expected[present].sum(), 1e-9)
    return bool(level > 0) and is_steady(observed, expected * level, rate.dispersion, rate.offset)
