"""Sparklines: one time axis for all rows, gaps, and numbers that are no usual numbers."""

import pytest

from logops.cli.output.sparkline import TimeAxis, sparkline

NAN, INF = float("nan"), float("inf")
AXIS = TimeAxis(start_ns=0, bar_ns=10, bars=4)


def test_points_of_the_same_time_are_in_the_same_column_of_every_row() -> None:
    early, late = sparkline([(0, 1.0), (31, 1.0)], AXIS), sparkline([(32, 5.0)], AXIS)

    assert (early, late) == ("█  █", "   █")


def test_period_without_points_is_a_gap_and_zero_is_a_bar() -> None:
    assert sparkline([(0, 2.0), (20, 0.0), (30, 1.0)], AXIS) == "█ ▁▄"


def test_bar_shows_the_largest_number_of_its_period() -> None:
    assert sparkline([(0, 4.0), (10, 1.0), (19, 2.0), (12, 1.0)], AXIS) == "█▄  "


def test_points_outside_of_the_axis_are_left_out() -> None:
    assert sparkline([(-1, 9.0), (0, 1.0), (40, 9.0)], AXIS) == "█   "


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([NAN, 1.0, INF, 0.5], " ██▄"),
        ([NAN, NAN, NAN, NAN], "    "),
        ([INF, -INF, 1.0, 0.0], "█▁█▁"),
        ([-1.0, 0.0, -INF, NAN], "▁▁▁ "),
        ([1e308, 1e308, 5e307, 1e-300], "██▄▁"),
    ],
)
def test_unusual_numbers_are_drawn(numbers: list[float], expected: str) -> None:
    assert sparkline([(at * 10, number) for at, number in enumerate(numbers)], AXIS) == expected


def test_number_beside_nan_in_one_period_is_drawn() -> None:
    assert sparkline([(0, NAN), (1, 1.0), (10, 1.0), (11, NAN)], AXIS) == "██  "
