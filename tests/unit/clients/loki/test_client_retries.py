"""Tests of the client's retries: which errors are retried, how long the client waits, which are raised at once."""

import pytest
import requests

from logops.clients.loki import Entry, LokiClient, LokiRefusedError, LokiUnreachableError
from tests.unit.clients.scripted import Script

LINE = [Entry(1, {"job": "x"}, "line")]


def client(retry_for: float = 30.0) -> LokiClient:
    return LokiClient("http://loki.example:3100", retry_for=retry_for)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_push_is_retried_after_temporary_refusal(script: Script, status: int) -> None:
    script.say(status, "busy", "text/plain")
    script.say(204)

    assert client().push("t", LINE) == 1
    assert len(script.asked) == 2
    assert script.asked[0].body == script.asked[1].body


@pytest.mark.parametrize("error", [requests.ConnectionError(), requests.ReadTimeout(), requests.ConnectTimeout()])
def test_push_is_retried_after_connection_error_or_timeout(script: Script, error: requests.RequestException) -> None:
    script.fail(error)
    script.say(204)

    assert client().push("t", LINE) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_permanent_refusal_raises_without_retry(script: Script, status: int) -> None:
    script.say(status, "no", "text/plain")

    with pytest.raises(LokiRefusedError) as refused:
        client().push("t", LINE)
    assert (refused.value.status, refused.value.temporary, len(script.asked)) == (status, False, 1)


def test_retry_waits_as_long_as_retry_after_says(script: Script) -> None:
    script.say(429, "slow down", "text/plain", Retry_After="7")
    script.say(204)

    client().push("t", LINE)

    assert script.slept == [7.0]


def test_retry_waits_differ_between_half_and_full_backoff(script: Script) -> None:
    for _ in range(6):
        script.say(503, "starting", "text/plain")
    script.say(204)

    client(retry_for=1000).push("t", LINE)

    longest = [0.2 * 2**attempt for attempt in range(6)]
    assert all(most / 2 <= wait <= most for wait, most in zip(script.slept, longest, strict=True))
    # Without jitter, every wait would be the same part of its backoff.
    assert len({round(wait / most, 6) for wait, most in zip(script.slept, longest, strict=True)}) > 1


def test_retry_after_longer_than_retry_time_raises_without_wait(script: Script) -> None:
    script.say(429, "slow down", "text/plain", Retry_After="60")

    with pytest.raises(LokiRefusedError, match="slow down"):
        client(retry_for=30).push("t", LINE)
    assert script.slept == []


def test_push_with_zero_retry_time_is_sent_once(script: Script) -> None:
    script.say(503, "starting", "text/plain")

    with pytest.raises(LokiRefusedError):
        client(retry_for=0).push("t", LINE)
    assert len(script.asked) == 1


def test_readiness_request_is_not_retried(script: Script) -> None:
    script.say(503, "Ingester not ready: waiting for 15s after being ready", "text/plain")

    readiness = client().ready()

    assert (readiness.ready, readiness.text[:18], len(script.asked)) == (False, "Ingester not ready", 1)


def test_last_error_is_raised_if_retries_fail(script: Script) -> None:
    script.say(503, "starting", "text/plain")
    script.fail(requests.ConnectionError())

    with pytest.raises(LokiUnreachableError):
        client(retry_for=0.5).push("t", LINE)
