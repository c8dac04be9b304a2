"""Parse the moment that a check judges at."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.checks.as_of import AsOfError, read_as_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", [None, ""])
def test_empty_as_of_returns_the_default(text: str | None) -> None:
    assert read_as_of(text, NOON) == NOON


@given(st.datetimes(timezones=st.just(timezone(timedelta(hours=5, minutes=30)))))
def test_as_of_with_time_zone_is_read_as_the_same_moment(moment: datetime) -> None:
    assert read_as_of(moment.isoformat(), NOON) == moment


def test_as_of_without_time_zone_is_refused_with_an_example() -> None:
    with pytest.raises(AsOfError, match=r"no time zone\. Write it as 2026-11-23T00:00:00Z"):
        read_as_of("2026-11-23T06:00:00", NOON)


def test_as_of_that_is_not_a_date_is_refused_with_an_example() -> None:
    with pytest.raises(AsOfError, match=r"'yesterday' is not a date and time\. Write it as 2026-11-23T00:00:00Z"):
        read_as_of("yesterday", NOON)


@pytest.mark.parametrize("text", ["2026-01-01T12:00", "2026-01-01 12:00:00", "2026-01-01T13:00:00+01:00"])
def test_as_of_without_time_zone_is_read_in_the_given_zone(text: str) -> None:
    assert read_as_of(text, NOON + timedelta(days=1), UTC) == NOON
