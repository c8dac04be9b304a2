"""Seeded line counts of simulated sources."""

from datetime import UTC, datetime

import numpy as np

from logops.quality.bands import Series

START = datetime(2026, 10, 19, tzinfo=UTC)
"""A Monday."""
BUCKET_S = 900
DAY = 96


def busy_source(days: int = 36, lines: float = 600, variation: float = 0.15, seed: int = 1) -> Series:
    """Return a source with calm nights and weekends. `lines` is the mean of a bucket of 15 minutes."""
    random = np.random.default_rng(seed)
    buckets = np.arange(days * DAY)
    rhythm = 1 + 0.6 * np.cos((buckets % DAY / 4 - 14) * np.pi / 12)
    rhythm *= np.where(buckets // DAY % 7 < 5, 1.1, 0.75)
    rates = lines * rhythm * random.gamma(variation**-2, variation**2, len(buckets))
    return Series(START, BUCKET_S, random.poisson(rates).astype(float))


def with_last(series: Series, buckets: int, factor: float) -> Series:
    """Return the series with a share, or a multiple, of the lines of its last buckets."""
    counts = series.counts.copy()
    counts[len(counts) - buckets :] = np.round(counts[len(counts) - buckets :] * factor)
    return Series(series.start, series.bucket_s, counts)
