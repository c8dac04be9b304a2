"""Detect a step in a query's nightly times and ignore noise."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.benchmark.history.step import MIN_NIGHTS, detect_step


def nights(count: int, seconds: float = 1.0, noise: float = 0.03, seed: int = 1) -> list[float]:
    chance = Random(seed)
    return [seconds * chance.lognormvariate(0, noise) for _ in range(count)]


def test_step_of_20_percent_is_detected_on_second_night() -> None:
    found = detect_step([*nights(30), *nights(2, 1.2, seed=2)])

    assert found.step is not None
    assert found.step.nights == 2
    assert found.step.ratio == pytest.approx(1.2, rel=0.1)


def test_single_slow_night_is_no_step() -> None:
    assert detect_step([*nights(30), 5.0]).step is None
    assert detect_step([*nights(30), 5.0, *nights(1, seed=3)]).step is None


def test_constant_series_has_no_step() -> None:
    assert detect_step([1.0] * 60).step is None


def test_step_without_noise_is_detected() -> None:
    found = detect_step([*[1.0] * 20, 1.5, 1.5])

    assert found.step is not None
    assert found.step.ratio == pytest.approx(1.5)


def test_speedup_is_no_step() -> None:
    assert detect_step([*nights(30), *nights(5, 0.5, seed=2)]).step is None


def test_step_below_5_percent_is_ignored_even_with_little_noise() -> None:
    assert detect_step([*nights(30, noise=0.001), *nights(5, 1.03, noise=0.001, seed=2)]).step is None


def test_step_of_10_percent_is_detected_after_more_than_two_nights() -> None:
    usual = nights(30, noise=0.005)

    assert detect_step([*usual, *nights(2, 1.1, noise=0.001, seed=2)]).step is None
    assert detect_step([*usual, *nights(4, 1.1, noise=0.001, seed=2)]).step is not None


def test_too_few_nights_are_reported_without_step() -> None:
    found = detect_step([*nights(MIN_NIGHTS - 2), 9.0])

    assert found.too_few
    assert found.step is None


def test_noisy_series_is_reported_as_too_noisy() -> None:
    assert detect_step(nights(30, noise=0.2)).too_noisy
    assert not detect_step(nights(30)).too_noisy


def test_old_step_that_became_usual_is_not_reported() -> None:
    assert detect_step([*nights(30), *nights(30, 1.5, seed=2)]).step is None


@given(st.lists(st.floats(0.001, 1000), min_size=12, max_size=60), st.floats(0.01, 100))
def test_step_ratio_does_not_depend_on_time_unit(medians: list[float], unit: float) -> None:
    own, other = detect_step(medians), detect_step([one * unit for one in medians])

    # Close to a threshold, rounding may decide.
    if own.step is not None and other.step is not None:
        assert own.step.ratio == pytest.approx(other.step.ratio)
