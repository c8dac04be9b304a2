"""What can go wrong between logops and a Loki, drawn:

    LokiError
    ├── LokiUnreachableError     nothing listens there, the name does not resolve, the connection broke
    ├── LokiTimeoutError         connected, but no answer in time
    ├── LokiRefusedError         Loki answered with an error status: `status`, and Loki's own `reason`
    └── LokiAnswerError      the answer is not what Loki gives there (a gateway's page, a ring not in use)

Every message says what was being done, at which address, as which tenant, and what came back.
No message carries a credential: an address with a password in it is refused when a client is made.
"""

import requests

from logops.errors import LogopsError

TEMPORARY_STATUS = frozenset({429, 500, 502, 503, 504})
"""Rate limits, a write without its quorum, a process starting or stopping: worth repeating.

500 is among them because a distributor says 500 while too few ingesters answer.
"""

_LONGEST_REASON = 600


class LokiError(LogopsError):
    """Anything that keeps Loki from doing what it was asked."""


class LokiUnreachableError(LokiError):
    """There was no conversation: refused, not resolved, or broken off."""


class LokiTimeoutError(LokiError):
    """Loki took the request and did not answer in time; it may still have done it."""


class LokiRefusedError(LokiError):
    """Loki answered with an error status."""

    def __init__(self, doing: str, status: int, reason: str, retry_after: float | None = None) -> None:
        self.doing = doing
        self.status = status
        self.reason = reason
        self.retry_after = retry_after
        """Seconds that Loki, or a gateway before it, asks to wait."""
        said = f": {reason[:_LONGEST_REASON]}" if reason else " and said no more"
        super().__init__(f"{doing}: Loki answered {status}{said}{_advice(status)}")

    @property
    def temporary(self) -> bool:
        """Whether the same request may well succeed a little later."""
        return self.status in TEMPORARY_STATUS


class LokiAnswerError(LokiError):
    """Loki, or something in its place, gave an answer of another kind than asked for."""


def from_requests(error: requests.RequestException, doing: str) -> LokiError:
    """The LokiError for an error of the `requests` library, which is its `__cause__` where raised so."""
    if isinstance(error, requests.ConnectTimeout):
        return LokiUnreachableError(
            f"{doing}: no connection within the time allowed. Is the address right, the port open?"
        )
    if isinstance(error, requests.Timeout):
        return LokiTimeoutError(f"{doing}: no answer within the time allowed. It may still be at work.")
    # The second is a connection that broke in the middle of an answer.
    if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return LokiUnreachableError(f"{doing}: {_innermost(error)}. Is Loki running there?")
    return LokiAnswerError(f"{doing}: {type(error).__name__}: {error}")


def _innermost(error: BaseException) -> str:
    """What the operating system said: the chain of wrappers around it repeats the address three times."""
    seen = error
    while (inner := seen.__cause__ or seen.__context__) is not None:
        seen = inner
    if isinstance(seen, OSError) and seen.strerror:
        return seen.strerror
    return f"{type(seen).__name__}: {seen}"


def _advice(status: int) -> str:
    match status:
        case 401 | 403:
            return ". Check the tenant (X-Scope-OrgID) and the credentials of this connection."
        case 404:
            return ". Does this process serve that path? It depends on its -target."
        case _ if 300 <= status < 400:
            return ". Redirects are not followed: give the address it points to."
        case _:
            return ""
