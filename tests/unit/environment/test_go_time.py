"""Tests of timestamps in Go's layouts."""

import contextlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.environment.go_time import TimestampError, parse_timestamp

NOW = 1_764_331_200 * 10**9
"""2025-11-28T12:00:00Z."""


@pytest.mark.parametrize(
    ("text", "layout", "expected"),
    [
        ("2025-11-28T12:00:00Z", "RFC3339", "2025-11-28T12:00:00"),
        ("2025-11-28T12:00:00.25+02:00", "RFC3339", "2025-11-28T10:00:00.25"),
        ("2025-11-28T12:00:00.123456789Z", "RFC3339Nano", "2025-11-28T12:00:00.123456789"),
        ("2025-11-28T12:00:00-07:30", "RFC3339Nano", "2025-11-28T19:30:00"),
        ("Fri Nov  7 12:00:00 2025", "ANSIC", "2025-11-07T12:00:00"),
        ("Fri, 28 Nov 2025 12:00:00 GMT", "RFC1123", "2025-11-28T12:00:00"),
        ("Fri, 28 Nov 2025 12:00:00 +0100", "RFC1123Z", "2025-11-28T11:00:00"),
        ("28 Nov 69 12:00 UTC", "RFC822", "1969-11-28T12:00:00"),
        ("28 Nov 68 12:00 UTC", "RFC822", "2068-11-28T12:00:00"),
        ("28/Nov/2025:12:00:00 +0000", "02/Jan/2006:15:04:05 -0700", "2025-11-28T12:00:00"),
        ("2025-11-28 12:00:00,123", "2006-01-02 15:04:05,000", "2025-11-28T12:00:00.123"),
        ("2025-11-28 12:00:00.5", "2006-01-02 15:04:05", "2025-11-28T12:00:00.5"),
        ("2025-11-28 12:00:00", "2006-01-02 15:04:05.999", "2025-11-28T12:00:00"),
        ("11/28/2025 12:30:00 AM", "01/02/2006 03:04:05 PM", "2025-11-28T00:30:00"),
        ("11/28/2025 1:30:00 pm", "1/2/2006 3:04:05 pm", "2025-11-28T13:30:00"),
        ("november 28, 2025", "January 2, 2006", "2025-11-28T00:00:00"),
        ("2025 060", "2006 002", "2025-03-01T00:00:00"),
        ("20251128T120000Z", "20060102T150405Z0700", "2025-11-28T12:00:00"),
        ("Nov 28 12:00:00", "Jan _2 15:04:05", "2025-11-28T12:00:00"),
        ("Jan  2 12:00:00", "Jan _2 15:04:05", "2025-01-02T12:00:00"),
        ("1764331200", "Unix", "2025-11-28T12:00:00"),
        ("1764331200.5", "Unix", "2025-11-28T12:00:00.5"),
        ("1764331200123", "UnixMs", "2025-11-28T12:00:00.123"),
        ("1764331200123456", "UnixUs", "2025-11-28T12:00:00.123456"),
        ("1764331200123456789", "UnixNs", "2025-11-28T12:00:00.123456789"),
    ],
)
def test_timestamp_in_go_layout_is_read_to_the_nanosecond(text: str, layout: str, expected: str) -> None:
    seconds, _, fraction = expected.partition(".")
    moment = datetime.fromisoformat(seconds).replace(tzinfo=UTC)
    wanted = int(moment.timestamp()) * 10**9 + int(fraction.ljust(9, "0") or 0)

    assert parse_timestamp(text, layout, None, NOW) == wanted


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        ("", "RFC3339"),
        ("2025-11-28", "RFC3339"),
        ("2025-11-28T12:00:00", "RFC3339"),
        ("2025-11-28T12:00:00Z extra", "RFC3339"),
        ("2025-02-30T12:00:00Z", "RFC3339"),
        ("2025-11-28T24:00:00Z", "RFC3339"),
        ("2025-11-28 12:00:00.12", "2006-01-02 15:04:05.000"),
        ("25-11-28", "2006-01-02"),
        ("28/nov/2025 +00:00", "02/Jan/2006 -0700"),
        ("12:00 am", "03:04 PM"),
        ("1e9", "Unix"),
        ("1.2.3", "Unix"),
        ("99999999999999999999", "UnixNs"),
    ],
)
def test_text_in_another_layout_is_refused(text: str, layout: str) -> None:
    with pytest.raises(TimestampError):
        parse_timestamp(text, layout, None, NOW)


@pytest.mark.parametrize(("now", "month", "year"), [("2026-01-01", "Dec", 2025), ("2025-12-31", "Jan", 2026)])
def test_timestamp_without_year_belongs_to_the_nearest_new_year(now: str, month: str, year: int) -> None:
    now_ns = int(datetime.fromisoformat(now).replace(tzinfo=UTC).timestamp()) * 10**9

    read = parse_timestamp(f"{month} 15 12:00:00", "Jan _2 15:04:05", None, now_ns)

    assert datetime.fromtimestamp(read // 10**9, UTC).year == year


@pytest.mark.parametrize(("text", "hour"), [("2025-07-01 12:00", 10), ("2025-11-28 12:00", 11)])
def test_timestamp_without_zone_is_read_in_its_location(text: str, hour: int) -> None:
    read = parse_timestamp(text, "2006-01-02 15:04", "Europe/Berlin", NOW)

    assert datetime.fromtimestamp(read // 10**9, UTC).hour == hour


def test_name_of_a_zone_counts_only_in_its_location() -> None:
    text, layout = "2025-07-01 12:00 CEST", "2006-01-02 15:04 MST"

    assert (
        parse_timestamp(text, layout, "Europe/Berlin", NOW) == parse_timestamp(text, layout, None, NOW) - 7200 * 10**9
    )


@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2260, 1, 1), timezones=st.just(UTC)),
    st.integers(0, 999),
    st.integers(-14 * 60, 14 * 60),
)
def test_written_timestamp_is_read_as_the_same_moment(moment: datetime, nanoseconds: int, minutes: int) -> None:
    local = moment.astimezone(timezone(timedelta(minutes=minutes)))
    sign, offset = ("-" if minutes < 0 else "+"), abs(minutes)
    text = f"{local:%Y-%m-%dT%H:%M:%S.%f}{nanoseconds:03}{sign}{offset // 60:02}:{offset % 60:02}"
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    wanted = (since.days * 86_400 + since.seconds) * 10**9 + moment.microsecond * 1000 + nanoseconds

    assert parse_timestamp(text, "RFC3339Nano", None, NOW) == wanted


@given(st.text(), st.sampled_from(["RFC3339", "Unix", "02/Jan/2006:15:04:05 -0700", "Jan _2 15:04:05 MST", "2 06 __2"]))
def test_any_text_is_a_timestamp_or_refused(text: str, layout: str) -> None:
    with contextlib.suppress(TimestampError):
        parse_timestamp(text, layout, None, NOW)
