"""Decide whether a request is sent again, and after how long. Pure: the caller has the clock and sleeps."""

from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from logops.clients.http.request import Failure, FailureKind, Outcome

TEMPORARY_STATUS = frozenset({429, 500, 502, 503, 504})
"""Rate limits, a write without a quorum, a process that starts or stops: worth a retry.

500 is included because a distributor answers 500 while too few ingesters answer.
"""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a client retries temporary failures."""

    retry_for_s: float
    """No retry starts later than this after the first attempt; 0 never retries."""
    first_wait_s: float = 0.2
    """Doubled with every attempt."""
    longest_wait_s: float = 10.0
    """The server may still request a longer wait."""
    temporary_status: frozenset[int] = TEMPORARY_STATUS


def wait_s(
    policy: RetryPolicy,
    *,
    attempt: int,
    status: int | None,
    requested_s: float | None,
    elapsed_s: float,
    jitter: float,
) -> float | None:
    """Return the seconds to wait before the next attempt; None to give up.

    attempt      number of attempts that have failed, from 1
    status       None if there was no answer
    requested_s  the wait that the server requested; None if it requested none
    elapsed_s    seconds since the first attempt began
    jitter       a random number from 0 to 1, so that clients that were refused together do not return together
    """
    if status is not None and status not in policy.temporary_status:
        return None
    # Limit the exponent: a float overflows after 1,000 attempts.
    backoff = min(policy.longest_wait_s, policy.first_wait_s * 2.0 ** min(attempt - 1, 60))
    wait = max(requested_s or 0.0, backoff * (0.5 + jitter / 2))
    return wait if elapsed_s + wait < policy.retry_for_s else None


def wait_after(outcome: Outcome, policy: RetryPolicy, *, attempt: int, elapsed_s: float, jitter: float) -> float | None:
    """Return the seconds to wait before the request is sent again; None if this outcome is final.

    The numbers are those of `wait_s`.
    """
    if not outcome.request.idempotent:
        return None
    if isinstance(outcome, Failure):
        if outcome.kind is FailureKind.UNUSABLE:
            return None
        return wait_s(policy, attempt=attempt, status=None, requested_s=None, elapsed_s=elapsed_s, jitter=jitter)
    requested_s = retry_after_s(outcome.header("Retry-After"), outcome.received_at_s)
    return wait_s(
        policy, attempt=attempt, status=outcome.status, requested_s=requested_s, elapsed_s=elapsed_s, jitter=jitter
    )


def retry_after_s(value: str, now_s: float) -> float | None:
    """Return a Retry-After header (RFC 9110, 10.2.3: seconds, or an HTTP date) as seconds from `now_s`, a Unix time.

    Returns None if there is no header, or one that is neither.
    """
    text = value.strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now_s) if text else None
    except (ValueError, OverflowError):
        return None
