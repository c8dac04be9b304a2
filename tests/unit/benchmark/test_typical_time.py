"""The level of a query's times and its error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.benchmark.measure.in_turns import LONGEST_S, PRECISE, imprecise_cases
from logops.benchmark.measure.sample import Ending, Sample
from logops.benchmark.measure.typical_time import standard_error, typical_time

SECONDS = st.lists(st.floats(1e-4, 1e3), min_size=2, max_size=50)


@given(SECONDS)
def test_level_is_between_fastest_and_slowest_answer(seconds: list[float]) -> None:
    assert min(seconds) * (1 - 1e-9) <= typical_time(seconds) <= max(seconds) * (1 + 1e-9)


@given(SECONDS, st.floats(0.01, 100))
def test_level_scales_with_times_and_error_stays_equal(seconds: list[float], times: float) -> None:
    assert typical_time([one * times for one in seconds]) == pytest.approx(typical_time(seconds) * times)
    assert standard_error([one * times for one in seconds]) == pytest.approx(standard_error(seconds), abs=1e-6)


def test_single_outlier_of_ten_answers_does_not_change_level() -> None:
    assert typical_time([0.1] * 9 + [60.0]) == pytest.approx(0.1)


def samples(*seconds: float) -> list[Sample]:
    return [
        Sample("r", "local", "c", "q", "t", "main", "t", "cold", 3600, at + 1, at, Ending.ANSWERED, one)
        for at, one in enumerate(seconds)
    ]


def test_query_with_noisy_times_needs_more_samples() -> None:
    assert [one.query for one in imprecise_cases(samples(*[0.1, 0.2] * 10))] == ["q"]


def test_query_with_precise_times_needs_no_more_samples() -> None:
    assert [*imprecise_cases(samples(*[0.1, 0.1 + PRECISE / 100] * 10))] == []


def test_slow_query_needs_no_more_samples() -> None:
    assert [*imprecise_cases(samples(LONGEST_S / 2, LONGEST_S))] == []
