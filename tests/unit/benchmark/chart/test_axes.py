"""The axes of the history's picture: days, and times with a night or an objective far outside."""

from datetime import UTC, date, datetime, timedelta

import pytest

from logops.benchmark.chart.axes import MARGIN, MAX_LABELS, DayAxis, day_axis, highest_time

TODAY = datetime(2026, 11, 28, 9, tzinfo=UTC)


@pytest.mark.parametrize("nights", [[], [TODAY], [TODAY - timedelta(days=1), TODAY]])
def test_few_nights_still_have_an_axis_of_two_weeks(nights: list[datetime]) -> None:
    assert day_axis(nights, TODAY) == DayAxis(date(2026, 11, 15), date(2026, 11, 28))


def test_axis_ends_today_though_the_last_night_is_weeks_ago() -> None:
    axis = day_axis([TODAY - timedelta(days=40), TODAY - timedelta(days=30)], TODAY)

    assert axis == DayAxis(date(2026, 10, 19), date(2026, 11, 28))


@pytest.mark.parametrize("days", [1, 14, 30, 90, 400, 5000])
def test_labels_are_few_and_the_last_is_the_last_day(days: int) -> None:
    labels = DayAxis(TODAY.date() - timedelta(days=days - 1), TODAY.date()).labels()

    assert len(labels) <= MAX_LABELS
    assert labels[-1] == datetime(2026, 11, 28, tzinfo=UTC)


def test_night_far_outside_does_not_stretch_the_axis() -> None:
    assert highest_time([[0.2] * 29 + [6.0]], None) == pytest.approx(0.2 * MARGIN)


def test_slowdown_of_several_nights_is_on_the_axis() -> None:
    assert highest_time([[0.2] * 28 + [6.0, 6.0]], None) == pytest.approx(6.0 * MARGIN)


def test_axis_of_two_nights_shows_both() -> None:
    assert highest_time([[0.2, 6.0]], None) == pytest.approx(6.0 * MARGIN)


@pytest.mark.parametrize(("objective_s", "highest_s"), [(0.3, 0.3), (0.1, 0.2), (5.0, 0.2)])
def test_objective_is_on_the_axis_unless_it_is_far_above(objective_s: float, highest_s: float) -> None:
    assert highest_time([[0.2] * 5], objective_s) == pytest.approx(highest_s * MARGIN)
