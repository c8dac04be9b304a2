"""A source's line counts are judged against the band of its own past weeks, and against declared limits."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from logops.quality.bands import Declared, Rule, Series, State, judge
from tests.support.line_counts import BUCKET_S, DAY, START, busy_source, with_last

NOTHING = Declared()


def test_usual_traffic_is_inside() -> None:
    series = busy_source()

    assert judge(series, NOTHING, series.end).state is State.INSIDE


def test_night_of_a_busy_source_is_no_drop() -> None:
    series = busy_source(days=36)
    night = series.start_of(35 * DAY + 3 * 4)

    assert judge(series, NOTHING, night).state is State.INSIDE


@pytest.mark.parametrize("left", [0.5, 0.1])
def test_drop_is_low_since_its_first_bucket(left: float) -> None:
    series = with_last(busy_source(), 6, left)
    verdict = judge(series, NOTHING, series.end)

    assert (verdict.state, verdict.since) == (State.LOW, series.start_of(36 * DAY - 6))


def test_drop_by_a_fifth_for_six_hours_is_low_by_the_mean() -> None:
    series = with_last(busy_source(), 24, 0.8)
    verdict = judge(series, NOTHING, series.end)

    assert (verdict.state, verdict.rule) == (State.LOW, Rule.LEARNED_MEAN)


def test_flood_is_high() -> None:
    series = with_last(busy_source(), 4, 4)

    assert judge(series, NOTHING, series.end).state is State.HIGH


def test_single_odd_bucket_is_inside() -> None:
    series = with_last(busy_source(), 1, 5)

    assert judge(series, NOTHING, series.end).state is State.INSIDE


def test_silent_source_is_silent_since_its_last_line() -> None:
    series = with_last(busy_source(), 2, 0)
    verdict = judge(series, NOTHING, series.end)

    assert (verdict.state, verdict.since) == (State.SILENT, series.start_of(36 * DAY - 2))


def test_source_silent_for_five_days_is_still_silent() -> None:
    series = with_last(busy_source(days=40), 5 * DAY, 0)
    verdict = judge(series, NOTHING, series.end)

    assert (verdict.state, verdict.since) == (State.SILENT, series.start_of(35 * DAY))


def test_message_says_since_when_what_was_expected_and_seen() -> None:
    series = with_last(busy_source(), 8, 0.2)
    text = judge(series, NOTHING, series.end).text

    assert text == "since 22:00 UTC (2 h) 17 to 48 lines/min were expected, 5.3 seen. Learned from 5 weeks."


def test_absent_buckets_are_no_silence() -> None:
    series = with_last(busy_source(), 6, np.nan)
    verdict = judge(series, NOTHING, series.end)

    assert (verdict.state, verdict.since) == (State.ABSENT, series.start_of(36 * DAY - 6))


def test_series_that_ends_an_hour_ago_is_absent_since_then() -> None:
    series = with_last(busy_source(), 6, 0.1)
    verdict = judge(series, NOTHING, series.end + timedelta(hours=1))

    assert (verdict.state, verdict.since) == (State.ABSENT, series.end)


def test_bucket_that_is_still_filling_is_not_judged() -> None:
    series = with_last(busy_source(), 2, 0)
    verdict = judge(series, NOTHING, series.end - timedelta(seconds=BUCKET_S + 1))

    assert verdict.until == series.start_of(36 * DAY - 2)


def test_short_history_without_declaration_is_learning() -> None:
    series = with_last(busy_source(days=12), 8, 0.1)

    assert judge(series, NOTHING, series.end).text == (
        "Learning: 12 of 29 days of history are there. To be warned before, declare expect_every and expect.rate."
    )


def test_short_history_uses_the_declared_rate_and_says_so() -> None:
    series = with_last(busy_source(days=12), 8, 0.1)
    verdict = judge(series, Declared(at_least=10), series.end)

    assert verdict.text == (
        "since 22:00 UTC (2 h) at least 10 lines/min were expected, 2.5 seen. Declared in the environment. "
        "12 of 29 days of history are there, so no band is learned yet."
    )


def test_window_of_minutes_is_judged_by_declared_limits_only() -> None:
    window = Series(START, 60, np.full(30, 4.0))

    assert judge(window, Declared(at_least=10), window.end).text == (
        "since 00:00 UTC (30 min) at least 10 lines/min were expected, 4 seen. Declared in the environment."
    )


def test_declared_limit_is_kept_beside_the_learned_band() -> None:
    series = busy_source()
    verdict = judge(series, Declared(at_most=5), series.end)

    assert (verdict.state, verdict.rule) == (State.HIGH, Rule.DECLARED)


def test_declared_interval_decides_about_silence() -> None:
    series = with_last(busy_source(), 4, 0)
    declared = Declared(expect_every=timedelta(hours=2))

    assert judge(series, declared, series.end).state is not State.SILENT


def test_buckets_that_do_not_divide_an_hour_are_judged_by_declared_limits() -> None:
    series = Series(START, 700, np.full(8_000, 10.0))

    assert judge(series, Declared(at_least=1), series.end).text == (
        "since 2026-10-19 00:00 UTC (64 days) at least 1 lines/min were expected, 0.86 seen. Declared in the "
        "environment. Buckets of 700 s do not divide an hour, so no band is learned yet."
    )


def test_source_with_a_line_per_hour_is_judged_by_its_pauses() -> None:
    counts = np.zeros(36 * DAY)
    counts[::4] = 1
    regular = Series(START, BUCKET_S, counts)
    stopped = with_last(regular, 24, 0)

    assert [judge(series, NOTHING, series.end).state for series in (regular, stopped)] == [State.INSIDE, State.SILENT]


def test_new_level_that_lasts_a_day_is_usual() -> None:
    series = busy_source(days=36)
    at_once = with_last(series, DAY // 2, 3)
    after_a_day = with_last(series, DAY, 3)

    assert [judge(one, NOTHING, one.end).state for one in (at_once, after_a_day)] == [State.HIGH, State.INSIDE]


def test_new_level_is_told_for_a_week() -> None:
    series = with_last(busy_source(), 3 * DAY, 3)
    shift = judge(series, NOTHING, series.end).shift

    assert shift is not None
    assert (shift.since, round(shift.ratio)) == (series.start_of(33 * DAY), 3)


def test_new_level_is_said_in_the_text() -> None:
    series = with_last(busy_source(), 3 * DAY, 3)

    assert judge(series, NOTHING, series.end).text == (
        "Learned from 5 weeks. The level changed on 2026-11-21 and stayed: it is 2.8 times the old one."
    )


def test_return_from_a_new_level_is_no_drop() -> None:
    counts = busy_source().counts.copy()
    counts[-3 * DAY : -DAY // 2] *= 3
    series = Series(START, BUCKET_S, counts)

    assert judge(series, NOTHING, series.end).state is State.INSIDE


def test_outage_in_the_history_does_not_widen_the_band() -> None:
    series = busy_source()
    counts = series.counts.copy()
    counts[30 * DAY : 30 * DAY + 24] = 0
    with_outage = with_last(replace(series, counts=counts), 8, 0.3)

    assert judge(with_outage, NOTHING, series.end).state is State.LOW


def test_stray_lines_before_the_start_are_no_history() -> None:
    counts = busy_source().counts.copy()
    counts[: 20 * DAY] = 0
    counts[5] = 3
    series = Series(START, BUCKET_S, counts)

    assert judge(series, NOTHING, series.end).state is State.LEARNING


def test_quiet_holiday_is_no_drop() -> None:
    # The 24th of November is a Tuesday: day 36 of the series.
    series = busy_source(days=37)
    counts = series.counts.copy()
    counts[36 * DAY :] = counts[34 * DAY : 35 * DAY]
    holiday = replace(series, counts=counts)
    noon = series.start_of(36 * DAY + 14 * 4)
    day = series.start_of(36 * DAY).date()

    states = [judge(holiday, NOTHING, noon, holidays=days).state for days in (frozenset(), frozenset({day}))]
    assert states == [State.LOW, State.INSIDE]


def test_same_counts_give_the_same_verdict() -> None:
    series = with_last(busy_source(), 8, 0.2)

    assert judge(series, NOTHING, series.end) == judge(series, NOTHING, series.end)


def test_later_counts_change_nothing() -> None:
    series = busy_source()
    as_of = series.start_of(36 * DAY - 10)

    assert judge(series, NOTHING, as_of) == judge(with_last(series, 10, 0), NOTHING, as_of)
