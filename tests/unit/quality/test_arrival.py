"""Sources that are silent, and gaps."""

import re
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from logops.quality.bands import Series
from logops.quality.summary import source_rows
from tests.support.line_counts import DAY, busy_source, with_last
from tests.support.quality import AS_OF, BEFORE, MINUTES, buckets, context, findings, healthy, only


def test_healthy_source_has_no_finding() -> None:
    assert findings(healthy()) == []


def test_source_without_line_for_longer_than_promised_is_reported_with_its_last_line() -> None:
    finding = only(findings(healthy((60,) * 10 + (0,) * 20)))

    assert finding.cls.name == "source-silent"
    assert finding.message == (
        "application has delivered no line since 2026-11-28 11:40 UTC, for 20 min. A line is expected every 15m, the "
        "default (learning: 0 of 29 days)."
    )


def test_finding_has_command_that_shows_the_source() -> None:
    finding = only(findings(healthy((60,) * 10 + (0,) * 20)))

    assert finding.remedy_text.endswith(
        "To see it: `curl -sG http://loki:3100/loki/api/v1/query_range -H 'X-Scope-OrgID: application' "
        """--data-urlencode 'query={job="oversight-app"}' -d start=1795865400000000000 -d end=1795867200000000000`"""
    )


def test_source_that_never_delivered_is_reported_with_the_time_that_was_searched() -> None:
    never = replace(healthy((0,) * MINUTES), last_line=None, searched_since=AS_OF - timedelta(days=1))

    assert only(findings(never)).message == (
        "application has delivered no line since 2026-11-27 12:00 UTC or longer, for 24 h. "
        "A line is expected every 15m, the default (learning: 0 of 29 days)."
    )


def test_source_whose_last_line_was_not_searched_is_not_reported_as_silent() -> None:
    assert findings(replace(healthy(), lines=None, last_line=None, searched_since=None)) == []


@pytest.mark.parametrize(("empty", "classes"), [(14, []), (15, ["gap"])])
def test_gap_is_reported_from_its_promised_length_on(empty: int, classes: list[str]) -> None:
    counts = (60,) * 10 + (0,) * empty + (60,) * (20 - empty)

    assert [finding.cls.name for finding in findings(healthy(counts))] == classes


def test_gap_is_reported_with_start_and_end() -> None:
    assert only(findings(healthy((60,) * 10 + (0,) * 16 + (60,) * 4))).message == (
        "application delivered no line from 2026-11-28 11:40 UTC to 2026-11-28 11:56 UTC, for 16 min, and then "
        "continued. A line is expected every 15m, the default (learning: 0 of 29 days)."
    )


def test_source_that_began_within_the_window_has_no_gap() -> None:
    assert findings(healthy((60,) * 5)) == []


def test_buckets_of_the_fixture_end_at_the_end_of_the_window() -> None:
    assert max(buckets((1,))) == AS_OF


def one_line_a_day() -> Series:
    """Six weeks until the window begins, with a line each day, 20 hours before noon."""
    days, until_the_window = 42, DAY // 2 - 2
    counts = np.zeros(days * DAY + until_the_window)
    counts[DAY - DAY // 3 :: DAY] = 1
    return Series(AS_OF - timedelta(minutes=15 * (len(counts) + 2)), 900, counts)


NOTHING = replace(healthy((0,) * MINUTES), last_line=AS_OF - timedelta(hours=20))


def test_source_with_a_line_a_day_is_not_silent_for_some_hours() -> None:
    assert findings(NOTHING, history=one_line_a_day()) == []


def test_declared_silence_holds_beside_a_learned_one() -> None:
    finding = only(findings(NOTHING, ("sources.application.expect_every", "2h"), history=one_line_a_day()))

    assert finding.message.endswith("for 20 h. A line is expected every 2h.")


def test_source_with_a_line_a_day_is_silent_after_two_weeks() -> None:
    history = one_line_a_day()
    counts = history.counts.copy()
    counts[-14 * DAY :] = 0
    nothing = replace(NOTHING, last_line=None, searched_since=AS_OF - timedelta(days=1))
    finding = only(findings(nothing, history=replace(history, counts=counts)))

    assert finding.cls.name == "source-silent"
    assert "Learned from" in finding.message


def test_busy_source_is_silent_after_two_quarters_of_an_hour() -> None:
    history = weeks_before_noon()
    finding = only(findings(healthy((0,) * MINUTES), history=replace(history, counts=history.counts[:-2])))

    assert finding.message.startswith("application: no line since 11:30 UTC (30 min);")


def test_gap_that_is_usual_for_the_source_is_no_finding() -> None:
    a_line_before_and_after = healthy((1,) + (0,) * 20 + (1,) + (0,) * 8)

    assert findings(a_line_before_and_after, history=one_line_a_day()) == []


def test_row_of_a_source_says_how_long_its_band_is_still_learned() -> None:
    nine_days = weeks_before_noon().last(9 * DAY)
    run = context(healthy(), history=nine_days)
    (row,) = source_rows(run.environment, run.measured, [], run.learned)

    assert row.band == "learning: 9 of 29 days"


def test_row_of_a_source_has_its_learned_band() -> None:
    run = context(healthy(), history=weeks_before_noon())
    (row,) = source_rows(run.environment, run.measured, [], run.learned)

    assert re.fullmatch(r"\d+ to \d+/min", row.band)


RATE = ("sources.application.expect", {"rate": {"at_least": 30, "at_most": 90}})


def test_rate_below_the_declared_band_is_reported_with_expected_and_seen() -> None:
    finding = only(findings(healthy((60,) * 20 + (12,) * 10), RATE))

    assert finding.cls.name == "rate-out-of-band"
    assert finding.message.startswith(
        "application: since 11:50 UTC (10 min) at least 30 lines/min were expected, 12 seen."
    )


def test_rate_inside_of_the_declared_band_is_no_finding() -> None:
    assert findings(healthy(), RATE) == []


def test_rate_below_the_learned_band_is_reported_with_expected_and_seen() -> None:
    finding = only(findings(healthy(), history=with_last(weeks_before_noon(), 8, 0.2)))

    assert finding.message.startswith(
        "application: since 10:00 UTC (2 h) 27 to 83 lines/min were expected, 8.4 seen. Learned from 5 weeks."
    )


def test_rate_inside_of_the_learned_band_is_no_finding() -> None:
    assert findings(healthy(), history=weeks_before_noon()) == []


@pytest.mark.parametrize(("holidays", "reported"), [([], ["rate-out-of-band"]), (["2026-11-28"], [])])
def test_holiday_of_the_environment_is_like_a_sunday(holidays: list[str], reported: list[str]) -> None:
    # The 28th of November 2026 is a Saturday. Saturdays are busy here, and this one is not.
    history = weeks_before_noon()
    busy_saturdays = history.counts.copy()
    for week in range(5):
        busy_saturdays[(week * 7 + 5) * DAY : (week * 7 + 6) * DAY] *= 2
    judged = findings(
        healthy(), ("quality.holidays", holidays), history=Series(history.start, history.bucket_s, busy_saturdays)
    )

    assert [finding.cls.name for finding in judged] == reported


def weeks_before_noon() -> Series:
    """Return line counts until AS_OF."""
    series = busy_source(days=41)
    return Series(series.start, series.bucket_s, series.counts[: 40 * DAY + DAY // 2])


def test_lines_of_the_future_are_reported() -> None:
    future = {AS_OF + timedelta(minutes=9): 40, AS_OF + timedelta(minutes=3): 7}
    finding = only(findings(replace(healthy(), future=future)))

    assert finding.cls.name == "clock-skew"
    assert finding.message == "application: 40 lines more than 5m in the future."


def test_lines_that_arrive_long_after_their_timestamp_are_reported() -> None:
    before = {end: 30 if BEFORE - timedelta(minutes=12) < end else 60 for end in buckets((60,)) if end <= BEFORE}
    finding = only(findings(healthy(), lines_before=before))

    assert finding.message == "application: 210 lines arrived more than 5m after their timestamp."


def test_lines_of_an_outage_that_arrive_together_are_not_late() -> None:
    before = {end: 0 if BEFORE - timedelta(minutes=12) < end else 60 for end in buckets((60,)) if end <= BEFORE}

    assert findings(healthy(), lines_before=before) == []
