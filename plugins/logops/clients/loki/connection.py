"""HTTP requests to one Loki address: pooled, with timeouts and safe retries."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import time
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_before_delay

from logops.clients.loki.auth import Authorization, BasicAuth, BearerToken
from logops.clients.loki.errors import (
    LokiAnswerError,
    LokiError,
    LokiRefusedError,
    LokiTimeoutError,
    LokiUnreachableError,
    from_requests,
)

_FIRST_WAIT = 0.2
_LONGEST_WAIT = 10.0
_MOST_AT_A_TIME = 32
"""More threads than this need a new connection per request."""
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class Call:
    """One request, with a description for error messages."""

    doing: str
    """What it does, as the start of a sentence: `reading the ring`."""
    path: str
    method: str = "GET"
    tenant: str = ""
    """Sent as X-Scope-OrgID. Empty sends no header, for a Loki with auth_enabled: false."""
    params: Mapping[str, str | int | list[str]] | None = None
    body: bytes | None = None
    headers: Mapping[str, str] | None = None
    repeatable: bool = True
    """Whether it may be sent twice."""


class Connection:
    """Requests to one base address. Safe for several threads."""

    def __init__(
        self,
        url: str,
        auth: BasicAuth | BearerToken | None,
        verify: bool,
        connect_timeout: float,
        read_timeout: float,
        retry_for: float,
    ) -> None:
        self.url = _checked(url)
        self._timeouts = (connect_timeout, read_timeout)
        self._retry_for = retry_for
        self._session = requests.Session()
        self._session.auth = Authorization(auth)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=_MOST_AT_A_TIME))
        self._verify = verify
        # A proxy for the internet cannot reach this machine's loopback.
        self._session.trust_env = urlsplit(self.url).hostname not in _LOOPBACK

    def close(self) -> None:
        self._session.close()

    def send(self, call: Call, accept_status: frozenset[int] = frozenset()) -> requests.Response:
        """Send a request. Return the answer if its status is 2xx or in `accept_status`.

        Temporary failures of a repeatable call are retried for the connection's `retry_for` seconds, after the time
        in Retry-After, else exponentially with jitter.

        Raises LokiError: the last failure.
        """
        if not call.repeatable:
            return self._send_once(call, accept_status)
        retrying = Retrying(
            retry=retry_if_exception(is_temporary),
            stop=stop_before_delay(self._retry_for),
            wait=_wait,
            reraise=True,
        )
        return retrying(self._send_once, call, accept_status)

    def json(self, call: Call) -> object:
        """Return the answer's JSON. Raises LokiError; LokiAnswerError if it is not JSON."""
        answer = self.send(call)
        try:
            return json.loads(answer.content)
        except ValueError as error:
            kind = answer.headers.get("Content-Type", "no content type")
            raise LokiAnswerError(
                f"{self.doing(call)}: expected JSON, got {kind}: {_start_of(answer)[:300]}"
            ) from error

    def _send_once(self, call: Call, accept_status: frozenset[int]) -> requests.Response:
        headers = dict(call.headers or {})
        if call.tenant:
            headers["X-Scope-OrgID"] = call.tenant
        try:
            answer = self._session.request(
                call.method,
                self.url + call.path,
                params=call.params,
                data=call.body,
                headers=headers,
                timeout=self._timeouts,
                # Passed with each request: REQUESTS_CA_BUNDLE would override the session's setting.
                verify=self._verify,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise from_requests(error, self.doing(call)) from error
        if answer.status_code // 100 == 2 or answer.status_code in accept_status:
            return answer
        raise LokiRefusedError(
            self.doing(call),
            answer.status_code,
            _reason(answer),
            retry_after_seconds(answer.headers.get("Retry-After"), time()),
        )

    def doing(self, call: Call) -> str:
        """Return the start of every message about this call: operation, address, tenant."""
        tenant = f" as tenant {call.tenant}" if call.tenant else ""
        return f"{call.doing} at {self.url}{call.path}{tenant}"


def is_temporary(error: BaseException) -> bool:
    """Whether the same call may succeed a little later."""
    if isinstance(error, LokiRefusedError):
        return error.temporary
    return isinstance(error, LokiUnreachableError | LokiTimeoutError)


def retry_after_seconds(value: str | None, now: float) -> float | None:
    """Return a Retry-After header (RFC 9110, 10.2.3: seconds, or an HTTP date) as seconds from `now`, a Unix time."""
    if not value:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except ValueError:
        return None


def _wait(state: RetryCallState) -> float:
    backoff = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** (state.attempt_number - 1))
    error = state.outcome.exception() if state.outcome else None
    requested = error.retry_after if isinstance(error, LokiRefusedError) and error.retry_after else 0.0
    # Random jitter, so that clients that were refused together do not return together.
    return max(requested, backoff * random.uniform(0.5, 1.0))


def _reason(answer: requests.Response) -> str:
    """Return Loki's message: the `message` of its JSON errors, else the text."""
    if "json" in answer.headers.get("Content-Type", ""):
        try:
            body = answer.json()
        except ValueError:
            body = None
        if isinstance(body, dict) and isinstance(body.get("message"), str):
            return str(body["message"]).strip()
    return _start_of(answer)


def _start_of(answer: requests.Response) -> str:
    """Return the start of a text or an HTML page, on one line."""
    return " ".join(answer.content[:2000].decode("utf-8", "replace").split())


def _checked(url: str) -> str:
    """Return the base address without a final slash. Raises LokiError if it is invalid or contains a password."""
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise LokiError(f"The Loki address of {parts.hostname} has credentials in it: give them as auth instead.")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise LokiError(f"{url!r} is no Loki address: expected http://HOST:PORT or https://HOST:PORT.")
    if parts.query or parts.fragment:
        raise LokiError(f"The Loki address {url!r} must end before '?' and '#'.")
    return url.rstrip("/")
