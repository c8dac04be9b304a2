"""What is tried again, how long is waited, and what is told at once."""

import pytest
import requests

from logops.clients.loki import Entry, LokiClient, LokiRefusedError, LokiUnreachableError
from logops.clients.loki.connection import retry_after_seconds
from tests.unit.clients.loki.scripted import Script

LINE = [Entry(1, {"job": "x"}, "line")]
NOON = 1_700_000_000.0


def client(retry_for: float = 30.0) -> LokiClient:
    return LokiClient("http://loki.example:3100", retry_for=retry_for)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_push_that_loki_cannot_take_now_is_pushed_again(script: Script, status: int) -> None:
    script.say(status, "busy", "text/plain")
    script.say(204)

    assert client().push("t", LINE) == 1
    assert len(script.asked) == 2
    assert script.asked[0].body == script.asked[1].body


@pytest.mark.parametrize("error", [requests.ConnectionError(), requests.ReadTimeout(), requests.ConnectTimeout()])
def test_a_broken_connection_is_tried_again(script: Script, error: requests.RequestException) -> None:
    script.fail(error)
    script.say(204)

    assert client().push("t", LINE) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_a_refusal_that_will_not_change_is_told_at_once(script: Script, status: int) -> None:
    script.say(status, "no", "text/plain")

    with pytest.raises(LokiRefusedError) as refused:
        client().push("t", LINE)
    assert (refused.value.status, refused.value.temporary, len(script.asked)) == (status, False, 1)


def test_retry_after_is_obeyed(script: Script) -> None:
    script.say(429, "slow down", "text/plain", Retry_After="7")
    script.say(204)

    client().push("t", LINE)

    assert script.slept == [7.0]


def test_waits_grow_and_differ(script: Script) -> None:
    for _ in range(6):
        script.say(503, "starting", "text/plain")
    script.say(204)

    client(retry_for=1000).push("t", LINE)

    longest = [0.2 * 2**attempt for attempt in range(6)]
    assert all(most / 2 <= wait <= most for wait, most in zip(script.slept, longest, strict=True))


def test_it_is_given_up_before_a_wait_that_would_take_too_long(script: Script) -> None:
    script.say(429, "slow down", "text/plain", Retry_After="60")

    with pytest.raises(LokiRefusedError, match="slow down"):
        client(retry_for=30).push("t", LINE)
    assert script.slept == []


def test_no_time_to_retry_means_one_try(script: Script) -> None:
    script.say(503, "starting", "text/plain")

    with pytest.raises(LokiRefusedError):
        client(retry_for=0).push("t", LINE)
    assert len(script.asked) == 1


def test_readiness_is_asked_once(script: Script) -> None:
    script.say(503, "Ingester not ready: waiting for 15s after being ready", "text/plain")

    readiness = client().ready()

    assert (readiness.ready, readiness.text[:18], len(script.asked)) == (False, "Ingester not ready", 1)


def test_the_last_trouble_is_the_one_raised(script: Script) -> None:
    script.say(503, "starting", "text/plain")
    script.fail(requests.ConnectionError())

    with pytest.raises(LokiUnreachableError):
        client(retry_for=0.5).push("t", LINE)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("12", 12.0),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
        ("Tue, 14 Nov 2023 22:13:00 GMT", 0.0),
        ("soon", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOON) == seconds
