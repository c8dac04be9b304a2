"""Errors of a Loki:

    LokiError
    ├── LokiUnreachableError     nothing listens there, the name does not resolve, the connection broke
    ├── LokiTimeoutError         connected, but no answer in time
    ├── LokiRefusedError         Loki answered with an error: `status`, and Loki's own `reason`
    └── LokiAnswerError          the answer is not what Loki returns there (a gateway's page, a ring not in use)

Every message says what was being done, at which address, for which tenant, and what came back. No message contains a
credential: a client refuses an address with a password.
"""

import requests

from logops.errors import LogopsError

TEMPORARY_STATUS = frozenset({429, 500, 502, 503, 504})
"""Rate limits, a write without a quorum, a process that starts or stops: worth a retry.

500 is included because a distributor answers 500 while too few ingesters answer.
"""

_LONGEST_REASON = 600


class LokiError(LogopsError):
    """Loki could not do what it was asked to do."""


class LokiUnreachableError(LokiError):
    """No connection: refused, not resolved, or lost."""


class LokiTimeoutError(LokiError):
    """Loki accepted the request and did not answer in time. It may still have carried it out."""


class LokiRefusedError(LokiError):
    """Loki answered with an error status."""

    def __init__(self, doing: str, status: int, reason: str, retry_after: float | None = None) -> None:
        self.doing = doing
        self.status = status
        self.reason = reason
        self.retry_after = retry_after
        """Seconds that Loki, or a gateway in front of it, asks to wait."""
        said = f": {reason[:_LONGEST_REASON]}" if reason else " and said no more"
        super().__init__(f"{doing}: Loki answered {status}{said}{_advice(status)}")

    @property
    def temporary(self) -> bool:
        """Whether the same request may succeed a little later."""
        return self.status in TEMPORARY_STATUS


class LokiAnswerError(LokiError):
    """The answer has another form than Loki's answers."""


def from_requests(error: requests.RequestException, doing: str) -> LokiError:
    """Return the LokiError for an error of the `requests` library."""
    if isinstance(error, requests.ConnectTimeout):
        return LokiUnreachableError(
            f"{doing}: no connection within the time allowed. Is the address right, the port open?"
        )
    if isinstance(error, requests.Timeout):
        return LokiTimeoutError(f"{doing}: no answer within the time allowed. It may still be at work.")
    # The second one is a connection that broke during an answer.
    if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return LokiUnreachableError(f"{doing}: {_innermost(error)}. Is Loki running there?")
    return LokiAnswerError(f"{doing}: {type(error).__name__}: {error}")


def _innermost(error: BaseException) -> str:
    """Return the operating system's message: the wrappers around it repeat the address three times."""
    current = error
    while (inner := current.__cause__ or current.__context__) is not None:
        current = inner
    if isinstance(current, OSError) and current.strerror:
        return current.strerror
    return f"{type(current).__name__}: {current}"


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
