"""Tests of times in nanoseconds, the unit of Loki."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.clients.loki import nanoseconds


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1)))
def test_a_datetime_becomes_exact_nanoseconds(naive: datetime) -> None:
    aware = naive.replace(tzinfo=UTC)

    found = nanoseconds(aware)

    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=found // 1000) == aware
    assert found % 1000 == 0


def test_datetime_in_another_time_zone_gives_nanoseconds_of_utc() -> None:
    east = datetime(2026, 8, 22, 12, tzinfo=timezone(timedelta(hours=2)))

    assert nanoseconds(east) == nanoseconds(datetime(2026, 8, 22, 10, tzinfo=UTC))


def test_a_datetime_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        nanoseconds(datetime(2026, 8, 22))
