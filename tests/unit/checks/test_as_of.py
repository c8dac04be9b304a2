"""Parse the moment that a check judges at."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.checks.as_of import AsOfError, read_as_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def moment_or_message(text: str) -> datetime | str:
    try:
        return read_as_of(text, NOON, UTC)
    except AsOfError as error:
        return str(error)


@pytest.mark.parametrize("text", [None, ""])
def test_empty_as_of_returns_the_default(text: str | None) -> None:
    assert read_as_of(text, NOON) == NOON


@given(st.integers(0, 5000), st.sampled_from(["s", "m", "h", "d", "w"]), st.sampled_from(["", " "]))
def test_time_ago_is_read_relative_to_now(count: int, unit: str, gap: str) -> None:
    unit_s = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}[unit]
    assert read_as_of(f"{count}{gap}{unit} ago", NOON) == NOON - timedelta(seconds=count * unit_s)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", NOON),
        ("today", datetime(2026, 1, 1, tzinfo=UTC)),
        ("Yesterday", datetime(2025, 12, 31, tzinfo=UTC)),
        ("2 hours ago", datetime(2026, 1, 1, 10, tzinfo=UTC)),
        ("1 minute ago", datetime(2026, 1, 1, 11, 59, tzinfo=UTC)),
    ],
)
def test_moment_in_everyday_words_is_read_in_utc(text: str, moment: datetime) -> None:
    assert read_as_of(text, NOON) == moment


def test_yesterday_is_the_day_before_in_utc_although_now_is_in_another_zone() -> None:
    past_midnight = datetime(2026, 1, 2, 1, tzinfo=timezone(timedelta(hours=5)))
    assert read_as_of("yesterday", past_midnight) == datetime(2025, 12, 31, tzinfo=UTC)


def test_time_ago_before_the_year_1_is_refused() -> None:
    with pytest.raises(AsOfError, match="is before the year 1"):
        read_as_of("999999w ago", NOON)


@given(st.text())
def test_any_text_is_read_or_refused_with_two_accepted_forms(text: str) -> None:
    outcome = moment_or_message(text)
    assert (
        outcome.tzinfo if isinstance(outcome, datetime) else "Write it as 2026-11-28T06:30Z, or as 2h ago." in outcome
    )


@given(st.datetimes(timezones=st.just(timezone(timedelta(hours=5, minutes=30)))))
def test_as_of_with_time_zone_is_read_as_the_same_moment(moment: datetime) -> None:
    assert read_as_of(moment.isoformat(), NOON) == moment


def test_as_of_without_time_zone_is_refused_with_an_example() -> None:
    with pytest.raises(AsOfError, match=r"no time zone\. Write it as 2026-11-28T06:30Z, or as 2h ago"):
        read_as_of("2026-11-23T06:00:00", NOON)


def test_as_of_that_is_not_a_date_is_refused_with_an_example() -> None:
    with pytest.raises(AsOfError, match=r"'last week' is not a moment\. Write it as 2026-11-28T06:30Z, or as 2h ago"):
        read_as_of("last week", NOON)


@pytest.mark.parametrize("text", ["2026-01-01T12:00", "2026-01-01 12:00:00", "2026-01-01T13:00:00+01:00"])
def test_as_of_without_time_zone_is_read_in_the_given_zone(text: str) -> None:
    assert read_as_of(text, NOON + timedelta(days=1), UTC) == NOON
