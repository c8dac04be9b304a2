"""How fast a query is, and how well that is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.benchmark.level import error, level
from logops.benchmark.measure import LONGEST_S, PRECISE, unsure_of
from logops.benchmark.sample import Ending, Sample

SECONDS = st.lists(st.floats(1e-4, 1e3), min_size=2, max_size=50)


@given(SECONDS)
def test_it_lies_between_the_fastest_and_the_slowest(seconds: list[float]) -> None:
    assert min(seconds) * (1 - 1e-9) <= level(seconds) <= max(seconds) * (1 + 1e-9)


@given(SECONDS, st.floats(0.01, 100))
def test_twice_as_long_is_twice_the_level_and_as_well_known(seconds: list[float], times: float) -> None:
    assert level([one * times for one in seconds]) == pytest.approx(level(seconds) * times)
    assert error([one * times for one in seconds]) == pytest.approx(error(seconds), abs=1e-6)


def test_one_pause_of_ten_answers_changes_nothing() -> None:
    assert level([0.1] * 9 + [60.0]) == pytest.approx(0.1)


def samples(*seconds: float) -> list[Sample]:
    return [
        Sample("r", "local", "c", "q", "t", "main", "t", "cold", 3600, at + 1, at, Ending.ANSWERED, one)
        for at, one in enumerate(seconds)
    ]


def test_what_differs_much_is_asked_again() -> None:
    assert [one.query for one in unsure_of(samples(*[0.1, 0.2] * 10))] == ["q"]


def test_what_is_known_well_is_not() -> None:
    assert [*unsure_of(samples(*[0.1, 0.1 + PRECISE / 100] * 10))] == []


def test_what_takes_long_is_not_asked_more_often_than_it_must() -> None:
    assert [*unsure_of(samples(LONGEST_S / 2, LONGEST_S))] == []
