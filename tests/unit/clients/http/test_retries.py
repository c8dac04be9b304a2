"""Tests of the retry policy: when it waits, how long, and when it gives up."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.clients.http.request import Failure, FailureKind, Outcome, Request, Response
from logops.clients.http.retries import TEMPORARY_STATUS, RetryPolicy, retry_after_s, wait_after, wait_s

NOW_S = 1_700_000_000.0
READ = Request("reading", "/x")
ONCE = Request("deleting", "/x", method="POST", idempotent=False)
POLICIES = st.builds(
    RetryPolicy,
    retry_for_s=st.floats(0, 1e6),
    first_wait_s=st.floats(0.001, 10),
    longest_wait_s=st.floats(0.001, 100),
)
STATUSES = st.none() | st.integers(100, 599)


def answer(status: int, request: Request = READ, retry_after: str = "") -> Response:
    return Response(request, "http://x", status, (("retry-after", retry_after),), b"", NOW_S)


@given(
    policy=POLICIES,
    attempt=st.integers(1, 10**6),
    status=STATUSES,
    requested_s=st.none() | st.floats(0, allow_nan=False),
    elapsed_s=st.floats(0, 1e7),
    jitter=st.floats(0, 1),
)
def test_retry_never_starts_after_the_limit_or_before_the_requested_time(
    policy: RetryPolicy,
    attempt: int,
    status: int | None,
    requested_s: float | None,
    elapsed_s: float,
    jitter: float,
) -> None:
    wait = wait_s(policy, attempt=attempt, status=status, requested_s=requested_s, elapsed_s=elapsed_s, jitter=jitter)

    assert wait is None or elapsed_s + wait < policy.retry_for_s
    assert wait is None or wait >= (requested_s or 0)
    assert wait is None or wait <= max(policy.longest_wait_s, requested_s or 0)


@given(st.integers(1, 10**6), STATUSES, st.floats(0, 1e6), st.floats(0, 1))
def test_policy_of_zero_seconds_gives_up_at_once(
    attempt: int, status: int | None, elapsed_s: float, jitter: float
) -> None:
    policy = RetryPolicy(0)

    assert wait_s(policy, attempt=attempt, status=status, requested_s=None, elapsed_s=elapsed_s, jitter=jitter) is None


@given(attempt=st.integers(1, 40), jitter=st.floats(0, 1))
def test_wait_without_request_is_between_half_and_full_backoff(attempt: int, jitter: float) -> None:
    backoff = min(10.0, 0.2 * 2 ** (attempt - 1))

    wait = wait_s(RetryPolicy(100), attempt=attempt, status=503, requested_s=None, elapsed_s=0, jitter=jitter)

    assert wait is not None
    assert backoff / 2 <= wait <= backoff


@given(st.integers(100, 599))
def test_only_a_temporary_status_is_retried(status: int) -> None:
    wait = wait_after(answer(status), RetryPolicy(30), attempt=1, elapsed_s=0, jitter=0)

    assert (wait is not None) == (status in TEMPORARY_STATUS)


@pytest.mark.parametrize("kind", FailureKind)
def test_failure_is_retried_unless_it_is_unusable(kind: FailureKind) -> None:
    wait = wait_after(Failure(READ, "http://x", kind, "no"), RetryPolicy(30), attempt=1, elapsed_s=0, jitter=0)

    assert (wait is None) == (kind is FailureKind.UNUSABLE)


@pytest.mark.parametrize(
    "outcome", [answer(503, ONCE), Failure(ONCE, "http://x", FailureKind.CONNECTION, "Connection refused")]
)
def test_request_that_is_not_idempotent_is_never_sent_again(outcome: Outcome) -> None:
    assert wait_after(outcome, RetryPolicy(30), attempt=1, elapsed_s=0, jitter=0) is None


def test_wait_is_the_retry_after_header_if_it_is_longer_than_backoff() -> None:
    wait = wait_after(answer(429, retry_after="7"), RetryPolicy(30), attempt=1, elapsed_s=0, jitter=1)

    assert wait == 7.0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", None),
        ("12", 12.0),
        (" 12 ", 12.0),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
        ("Tue, 14 Nov 2023 22:13:00 GMT", 0.0),
        ("soon", None),
        ("-7", None),
        ("7.5", None),
        ("²", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(header: str, seconds: float | None) -> None:
    assert retry_after_s(header, NOW_S) == seconds


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda naive: naive.replace(tzinfo=UTC)))
def test_retry_after_date_is_never_a_negative_wait(date: datetime) -> None:
    seconds = retry_after_s(format_datetime(date, usegmt=True), NOW_S)

    assert seconds == max(0.0, date.replace(microsecond=0).timestamp() - NOW_S)


@given(st.text() | st.from_regex(r"\w{3}, \d+ \w{3} \d+ [\d:]+ \S+", fullmatch=True))
def test_any_retry_after_is_read_or_ignored(header: str) -> None:
    seconds = retry_after_s(header, NOW_S)

    assert seconds is None or seconds >= 0
