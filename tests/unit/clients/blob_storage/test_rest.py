"""Tests of retries: the wait that the service asks for, and which requests are sent again."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Event

import pytest
from azure.storage.blob import BlobServiceClient
from hypothesis import given
from hypothesis import strategies as st

from logops.clients.blob_storage.errors import ObjectStoreError
from logops.clients.blob_storage.rest import Call, Rest, asked_wait
from tests.support.http_servers import http_server

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
NOW = NOON.timestamp()


def rest(url: str) -> Rest:
    return Rest(BlobServiceClient(f"{url}/account"), retry_for=30)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": " 7 "}, 7),
        ({"Retry-After": "0"}, 0),
        ({"x-ms-retry-after-ms": "1500"}, 1.5),
        ({"x-ms-retry-after-ms": "1500", "Retry-After": "9"}, 1.5),
        # An invalid header is ignored if the other header is valid.
        ({"x-ms-retry-after-ms": "soon", "Retry-After": "9"}, 9),
        ({}, 0),
    ],
)
def test_retry_wait_is_read_from_seconds_or_milliseconds(headers: dict[str, str], seconds: float) -> None:
    assert asked_wait(headers, NOW) == seconds


@pytest.mark.parametrize(("after", "seconds"), [(90, 90), (0, 0), (-90, 0)])
def test_retry_after_date_gives_remaining_seconds_or_zero(after: int, seconds: float) -> None:
    date = format_datetime(NOON + timedelta(seconds=after), usegmt=True)

    assert asked_wait({"Retry-After": date}, NOW) == seconds


@pytest.mark.parametrize(
    "garbage", ["", "soon", "-7", "7.5", "1e3", "7s", "Mon, 99 Nov 2026 12:00:00 GMT", "Mon", "²", "\x00", "()"]
)
def test_invalid_retry_after_gives_no_wait(garbage: str) -> None:
    assert asked_wait({"Retry-After": garbage, "x-ms-retry-after-ms": garbage}, NOW) == 0


@given(st.text() | st.from_regex(r"\w{3}, \d+ \w{3} \d+ [\d:]+ \S+", fullmatch=True))
def test_retry_wait_is_never_negative(text: str) -> None:
    assert asked_wait({"Retry-After": text, "x-ms-retry-after-ms": text}, NOW) >= 0


def test_busy_service_is_asked_again() -> None:
    with http_server([(503, b""), (200, b"names")]) as server:
        answer = rest(server.url).send(Call("listing", "logs"))

    assert answer.body == b"names"
    assert len(server.received) == 2


def test_refused_request_is_sent_once() -> None:
    with http_server([(403, b"")]) as server, pytest.raises(ObjectStoreError, match="listing"):
        rest(server.url).send(Call("listing", "logs"))

    assert len(server.received) == 1


def test_request_that_is_given_up_is_not_sent_again() -> None:
    given_up = Event()
    given_up.set()

    with http_server([(503, b"")]) as server, pytest.raises(ObjectStoreError, match="listing"):
        rest(server.url).send(Call("listing", "logs"), given_up)

    assert len(server.received) == 1
