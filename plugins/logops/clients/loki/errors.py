"""Errors of a Loki:

    LokiError
    ├── LokiUnreachableError     nothing listens there, the name does not resolve, the connection broke
    ├── LokiTimeoutError         connected, but no answer in time
    ├── LokiRefusedError         Loki answered with an error: `status`, and Loki's own `reason`
    └── LokiAnswerError          the answer is not what Loki returns there (a gateway's page, a ring not in use)

Every message says what was being done, at which address, for which tenant, and what came back. No message contains a
credential: a client refuses an address with a password.
"""

import json

from logops.clients.http.request import Failure, FailureKind, Request, Response
from logops.clients.http.retries import TEMPORARY_STATUS, retry_after_s
from logops.errors import LogopsError

TENANT_HEADER = "X-Scope-OrgID"
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


def describe(request: Request, base_url: str) -> str:
    """Return the start of every message about a request: operation, address, tenant."""
    tenant = request.header(TENANT_HEADER)
    return f"{request.doing} at {base_url}{request.path}{f' as tenant {tenant}' if tenant else ''}"


def failed(failure: Failure) -> LokiError:
    """Return the error for a request without an answer."""
    doing = describe(failure.request, failure.base_url)
    match failure.kind:
        case FailureKind.CONNECT_TIMEOUT:
            return LokiUnreachableError(
                f"{doing}: no connection within the time allowed. Is the address right, the port open?"
            )
        case FailureKind.READ_TIMEOUT:
            return LokiTimeoutError(f"{doing}: no answer within the time allowed. It may still be at work.")
        case FailureKind.CONNECTION:
            return LokiUnreachableError(f"{doing}: {failure.detail}. Is Loki running there?")
        case FailureKind.UNUSABLE:
            return LokiAnswerError(f"{doing}: {failure.detail}. Is this the address of a Loki?")


def refused(response: Response) -> LokiRefusedError:
    """Return the error for an answer with an error status."""
    return LokiRefusedError(
        describe(response.request, response.base_url),
        response.status,
        _reason(response),
        retry_after_s(response.header("Retry-After"), response.received_at_s),
    )


def _reason(response: Response) -> str:
    """Return Loki's message: the `message` of its JSON errors, else the text."""
    if "json" in response.header("Content-Type"):
        try:
            body = json.loads(response.body)
        except ValueError:
            body = None
        if isinstance(body, dict) and isinstance(body.get("message"), str):
            return str(body["message"]).strip()
    return response.first_words


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
