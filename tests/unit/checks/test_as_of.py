from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.checks.as_of import AsOfError, read_as_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", [None, ""])
def test_as_of_without_a_text_is_the_default(text: str | None) -> None:
    assert read_as_of(text, NOON) == NOON


@given(st.datetimes(timezones=st.just(timezone(timedelta(hours=5, minutes=30)))))
def test_as_of_with_a_time_zone_is_that_moment(moment: datetime) -> None:
    assert read_as_of(moment.isoformat(), NOON) == moment


def test_as_of_without_a_time_zone_is_refused_with_what_to_write() -> None:
    with pytest.raises(AsOfError, match="no time zone: write 2026-11-23T00:00:00Z"):
        read_as_of("2026-11-23T06:00:00", NOON)


def test_as_of_that_is_no_date_is_refused_with_what_to_write() -> None:
    with pytest.raises(AsOfError, match="'yesterday', which is not a date and time: write 2026-11-23T00:00:00Z"):
        read_as_of("yesterday", NOON)
