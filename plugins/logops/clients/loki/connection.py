"""The HTTP conversation with one Loki address: pooled, timed, repeated where that is safe."""

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
"""Of more threads than this, some must connect anew for each request."""
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class Call:
    """One request, told so that an error can say what was being done."""

    doing: str
    """What it is for, as the beginning of a sentence: `reading the ring`."""
    path: str
    method: str = "GET"
    tenant: str = ""
    """Sent as X-Scope-OrgID; empty sends none, for a Loki with auth_enabled: false."""
    params: Mapping[str, str | int | list[str]] | None = None
    body: bytes | None = None
    headers: Mapping[str, str] | None = None
    repeatable: bool = True
    """Whether sending it twice does what sending it once does."""


class Connection:
    """Requests to one base address, from any thread."""

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
        # A proxy meant for the internet cannot reach this machine's loopback.
        self._session.trust_env = urlsplit(self.url).hostname not in _LOOPBACK

    def close(self) -> None:
        self._session.close()

    def send(self, call: Call, accept_status: frozenset[int] = frozenset()) -> requests.Response:
        """The answer, if its status is 2xx or in `accept_status`.

        Temporary troubles of a repeatable call are tried again for the connection's `retry_for` seconds,
        waiting as long as Retry-After asks, else exponentially with jitter.

        Raises LokiError: the last trouble.
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
        """The answer's JSON. Raises LokiError; LokiAnswerError where it is not JSON."""
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
                # Told with each request: REQUESTS_CA_BUNDLE would win over the session's own.
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
        """The beginning of every message about this call: what, where, as whom."""
        tenant = f" as tenant {call.tenant}" if call.tenant else ""
        return f"{call.doing} at {self.url}{call.path}{tenant}"


def is_temporary(error: BaseException) -> bool:
    """Whether the same call may well succeed a little later."""
    if isinstance(error, LokiRefusedError):
        return error.temporary
    return isinstance(error, LokiUnreachableError | LokiTimeoutError)


def retry_after_seconds(value: str | None, now: float) -> float | None:
    """A Retry-After header (RFC 9110, 10.2.3: seconds, or an HTTP date) as seconds from `now`, a Unix time."""
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
    asked = error.retry_after if isinstance(error, LokiRefusedError) and error.retry_after else 0.0
    # Half of it by chance, so that many clients that were refused together do not come back together.
    return max(asked, backoff * random.uniform(0.5, 1.0))


def _reason(answer: requests.Response) -> str:
    """Loki's own words: the `message` of its JSON errors, else the text."""
    if "json" in answer.headers.get("Content-Type", ""):
        try:
            body = answer.json()
        except ValueError:
            body = None
        if isinstance(body, dict) and isinstance(body.get("message"), str):
            return str(body["message"]).strip()
    return _start_of(answer)


def _start_of(answer: requests.Response) -> str:
    """Enough of a text, or of a page of HTML, to recognise it by; on one line."""
    return " ".join(answer.content[:2000].decode("utf-8", "replace").split())


def _checked(url: str) -> str:
    """The base address without a slash at its end. Raises LokiError where it is none, or has a password in it."""
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise LokiError(f"The Loki address of {parts.hostname} has credentials in it: give them as auth instead.")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise LokiError(f"{url!r} is no Loki address: expected http://HOST:PORT or https://HOST:PORT.")
    if parts.query or parts.fragment:
        raise LokiError(f"The Loki address {url!r} must end before '?' and '#'.")
    return url.rstrip("/")
