"""Sample logs have a daily and weekly rhythm that a band can learn."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from logops.quality.bands import Declared, Series, State, judge
from logops.samples import Kind, generate

START = datetime(2026, 10, 19, tzinfo=UTC)
BUCKET_S = 900
DAYS = 36
NS = 1_000_000_000


@pytest.fixture(scope="module")
def audit_logs() -> Series:
    """Line counts of 36 days of the sample audit logs, in buckets of 15 minutes."""
    start_ns = int(START.timestamp()) * NS
    lines = generate(Kind.AUDIT, 20, start_ns, start_ns + DAYS * 86_400 * NS, 2.0)
    counts = Counter((line.timestamp_ns - start_ns) // (BUCKET_S * NS) for line in lines)
    return Series(START, BUCKET_S, np.array([counts[bucket] for bucket in range(DAYS * 96)], float))


def test_sample_logs_are_busier_on_a_weekday_than_on_a_sunday(audit_logs: Series) -> None:
    by_day = audit_logs.counts.reshape(DAYS, 96).sum(axis=1)

    assert by_day[2] > 1.3 * by_day[6]


def test_sample_logs_are_inside_their_band_by_day_and_by_night(audit_logs: Series) -> None:
    states = {bucket.state for bucket in judge(audit_logs, Declared(), audit_logs.end).buckets}

    assert states == {State.INSIDE}


def test_half_of_the_sample_logs_are_below_their_band(audit_logs: Series) -> None:
    counts = audit_logs.counts.copy()
    counts[-40:] = np.floor(counts[-40:] / 2)

    assert judge(replace(audit_logs, counts=counts), Declared(), audit_logs.end).state is State.LOW
