"""What the service asks of who repeats a request: how long to wait."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.clients.blob_storage.rest import asked_wait

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
NOW = NOON.timestamp()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": " 7 "}, 7),
        ({"Retry-After": "0"}, 0),
        ({"x-ms-retry-after-ms": "1500"}, 1.5),
        ({"x-ms-retry-after-ms": "1500", "Retry-After": "9"}, 1.5),
        # Of two, the one that can be read.
        ({"x-ms-retry-after-ms": "soon", "Retry-After": "9"}, 9),
        ({}, 0),
    ],
)
def test_seconds_and_milliseconds_are_read(headers: dict[str, str], seconds: float) -> None:
    assert asked_wait(headers, NOW) == seconds


@pytest.mark.parametrize(("after", "seconds"), [(90, 90), (0, 0), (-90, 0)])
def test_a_date_is_waited_for_unless_it_is_past(after: int, seconds: float) -> None:
    date = format_datetime(NOON + timedelta(seconds=after), usegmt=True)

    assert asked_wait({"Retry-After": date}, NOW) == seconds


@pytest.mark.parametrize(
    "garbage", ["", "soon", "-7", "7.5", "1e3", "7s", "Mon, 99 Nov 2026 12:00:00 GMT", "Mon", "²", "\x00", "()"]
)
def test_what_is_no_time_asks_for_nothing(garbage: str) -> None:
    assert asked_wait({"Retry-After": garbage, "x-ms-retry-after-ms": garbage}, NOW) == 0


@given(st.text() | st.from_regex(r"\w{3}, \d+ \w{3} \d+ [\d:]+ \S+", fullmatch=True))
def test_whatever_it_says_a_wait_is_never_negative(text: str) -> None:
    assert asked_wait({"Retry-After": text, "x-ms-retry-after-ms": text}, NOW) >= 0
