"""The rhythm of the sample logs, as the rate bands see it."""

from datetime import UTC, datetime
from random import Random

import numpy as np
import pytest

from logops.quality.bands import Declared, Series, State, judge
from logops.samples import Kind
from logops.samples.live_feed import LINES_PER_MINUTE
from logops.samples.rhythm import how_many, load

START = datetime(2026, 10, 19, tzinfo=UTC)
"""A Monday."""
QUARTER_S = 900
WEEKS = 6


def sample_counts(lines_per_minute: float) -> Series:
    """Return the lines of each quarter of an hour, as the sample generator draws them."""
    first = int(START.timestamp()) // 60
    chance = Random(1)
    minutes = [how_many(lines_per_minute * load(first + n), chance.random()) for n in range(WEEKS * 7 * 1440)]
    return Series(START, QUARTER_S, np.array(minutes, float).reshape(-1, 15).sum(1))


@pytest.mark.parametrize("kind", LINES_PER_MINUTE)
def test_sample_logs_stay_inside_of_the_band_that_is_learned_from_them(kind: Kind) -> None:
    series = sample_counts(LINES_PER_MINUTE[kind])

    assert judge(series, Declared(), series.end).state is State.INSIDE


@pytest.mark.parametrize("kind", LINES_PER_MINUTE)
def test_half_of_the_sample_logs_is_below_the_learned_band(kind: Kind) -> None:
    series = sample_counts(LINES_PER_MINUTE[kind])
    series.counts[-8:] *= 0.5

    assert judge(series, Declared(), series.end).state is State.LOW
