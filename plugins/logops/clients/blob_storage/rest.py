"""Our own requests to the Blob service, because the SDK is too slow for listings: pooled, with timeouts and retries."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from threading import Event
from time import time
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_any, stop_before_delay, stop_when_event_set
from tenacity.nap import sleep_using_event

from logops.clients.blob_storage.authorization import authorization
from logops.clients.blob_storage.azure_errors import translated
from logops.clients.blob_storage.errors import READER, ObjectStoreError, ObjectStoreUnreachableError, refusal

if TYPE_CHECKING:
    from azure.storage.blob import BlobServiceClient

SERVICE_VERSION = "2026-10-06"
"""The first version that answers List Blobs in Arrow."""

CONNECTIONS = 32
_CONNECT_TIMEOUT_S = 5
_READ_TIMEOUT_S = 60
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 30.0
_PIECE = 1 << 20
_TEMPORARY = frozenset({408, 429, 500, 502, 503, 504})
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class Call:
    """A request without a body that may be repeated."""

    doing: str
    """Start of every message about it: `listing container loki of storage account main`."""
    path: str
    """A container or a blob, not encoded: `loki/index/loki_index_20780`."""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    limit: int = 64 << 20
    """Largest accepted answer, in bytes."""
    role: str = READER


@dataclass(frozen=True, slots=True)
class Answer:
    headers: Mapping[str, str]
    body: bytes


class _Later(Exception):
    """A temporary failure."""

    def __init__(self, error: ObjectStoreError, asked_s: float) -> None:
        super().__init__(str(error))
        self.error = error
        self.asked_s = asked_s


class Rest:
    """The Blob service of one account. Safe for several threads."""

    def __init__(self, service: "BlobServiceClient", retry_for: float) -> None:
        """retry_for   seconds during which temporary failures are retried"""
        address = urlsplit(service.url)
        self._base = f"{address.scheme}://{address.netloc}{address.path.rstrip('/')}/"
        self._retry_for = retry_for
        self._session = requests.Session()
        self._session.mount(self._base, HTTPAdapter(pool_connections=1, pool_maxsize=CONNECTIONS))
        self._session.auth = authorization(service)
        # A proxy for the internet cannot reach this machine's loopback.
        self._session.trust_env = address.hostname not in _LOOPBACK
        self._session.headers.update({"x-ms-version": SERVICE_VERSION, "Accept-Encoding": "identity"})

    def close(self) -> None:
        self._session.close()

    def send(self, call: Call, given_up: Event | None = None) -> Answer:
        """Send a request and return its answer, if the status is 200.

        Temporary failures (a lost connection, a timeout, 408, 429, 5xx) are retried after the time that the service
        asks for, else exponentially with jitter. `given_up` ends the waiting.

        Raises ObjectStoreError: the last failure.
        """
        event = given_up or Event()
        retrying = Retrying(
            retry=retry_if_exception_type(_Later),
            stop=stop_any(stop_before_delay(self._retry_for), stop_when_event_set(event)),
            wait=_wait,
            sleep=sleep_using_event(event),
            reraise=True,
        )
        try:
            return retrying(self._send_once, call)
        except _Later as later:
            raise later.error from None

    def _send_once(self, call: Call) -> Answer:
        url = self._base + quote(call.path, safe="/~")
        try:
            with (
                translated(call.doing, call.role),
                self._session.request(
                    call.method,
                    f"{url}?{urlencode(call.query, quote_via=quote)}" if call.query else url,
                    headers=dict(call.headers),
                    timeout=(_CONNECT_TIMEOUT_S, _READ_TIMEOUT_S),
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                if response.status_code == 200:
                    return Answer(response.headers, _body(response, call))
        except requests.RequestException as error:
            # The error of requests contains the address, which may be signed.
            raise _Later(_unreachable(call.doing, urlsplit(url).netloc, error), 0.0) from None
        code = response.headers.get("x-ms-error-code", "")
        refused = refusal(call.doing, response.status_code, code, response.reason, call.role)
        if response.status_code in _TEMPORARY:
            raise _Later(refused, asked_wait(response.headers, time()))
        raise refused


def _body(response: requests.Response, call: Call) -> bytes:
    if call.method == "HEAD":
        return b""
    pieces: list[bytes] = []
    read = 0
    for piece in response.iter_content(_PIECE):
        read += len(piece)
        if read > call.limit:
            raise ObjectStoreError(f"{call.doing}: the answer is longer than {call.limit} bytes, which is not read.")
        pieces.append(piece)
    return b"".join(pieces)


def _unreachable(doing: str, host: str, error: requests.RequestException) -> ObjectStoreUnreachableError:
    return ObjectStoreUnreachableError(
        f"{doing}: {host}: {_what(error)}. Is the endpoint right, and reachable from here?"
    )


def _what(error: BaseException) -> str:
    """Return the operating system's message, or the kind of failure; never an address."""
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    current: BaseException | None = error
    while current is not None:
        if isinstance(current, OSError) and current.strerror:
            return current.strerror
        inner = getattr(current, "reason", None) or current.__cause__ or current.__context__
        current = inner if isinstance(inner, BaseException) else None
    return "the connection broke off" if isinstance(error, requests.ConnectionError) else type(error).__name__


def asked_wait(headers: Mapping[str, str], now: float) -> float:
    """Return the seconds to wait: x-ms-retry-after-ms, or Retry-After (RFC 9110, 10.2.3); 0 if there is neither.

    >>> asked_wait({"Retry-After": "7"}, 0.0), asked_wait({"x-ms-retry-after-ms": "1500"}, 0.0), asked_wait({}, 0.0)
    (7.0, 1.5, 0.0)
    """
    milliseconds = headers.get("x-ms-retry-after-ms", "").strip()
    if milliseconds.isdecimal():
        return int(milliseconds) / 1000
    seconds = headers.get("Retry-After", "").strip()
    if seconds.isdecimal():
        return float(seconds)
    try:
        return max(0.0, parsedate_to_datetime(seconds).timestamp() - now) if seconds else 0.0
    except ValueError:
        return 0.0


def _wait(state: RetryCallState) -> float:
    backoff = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** (state.attempt_number - 1))
    later = state.outcome.exception() if state.outcome else None
    requested = later.asked_s if isinstance(later, _Later) else 0.0
    # Random jitter, so that requests that failed together are not retried together.
    return max(requested, backoff * random.uniform(0.5, 1.0))
