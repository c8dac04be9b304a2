"""Our own requests to the Blob service, because the SDK is too slow for listings: pooled, with timeouts and retries."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event
from time import monotonic, time
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter

from logops.clients.blob_storage.authorization import authorization
from logops.clients.blob_storage.azure_errors import translated
from logops.clients.blob_storage.errors import READER, ObjectStoreError, ObjectStoreUnreachableError, refusal
from logops.clients.http.retries import RetryPolicy, retry_after_s, wait_s
from logops.clients.http.transport import LOOPBACK_HOSTS

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
class BlobResponse:
    headers: Mapping[str, str]
    body: bytes


class _AttemptError(Exception):
    """An attempt that failed. The retry policy decides whether another one follows."""

    def __init__(self, error: ObjectStoreError, status: int | None, requested_s: float) -> None:
        """status   None if there was no answer"""
        super().__init__(str(error))
        self.error = error
        self.status = status
        self.requested_s = requested_s


class Rest:
    """The Blob service of one account. Safe for several threads."""

    def __init__(self, service: "BlobServiceClient", retry_for: float) -> None:
        """retry_for   seconds during which temporary failures are retried"""
        address = urlsplit(service.url)
        self._base = f"{address.scheme}://{address.netloc}{address.path.rstrip('/')}/"
        self._policy = RetryPolicy(retry_for, _FIRST_WAIT_S, _LONGEST_WAIT_S, _TEMPORARY)
        self._session = requests.Session()
        self._session.mount(self._base, HTTPAdapter(pool_connections=1, pool_maxsize=CONNECTIONS))
        self._session.auth = authorization(service)
        # A proxy for the internet cannot reach this machine's loopback.
        self._session.trust_env = address.hostname not in LOOPBACK_HOSTS
        self._session.headers.update({"x-ms-version": SERVICE_VERSION, "Accept-Encoding": "identity"})

    def close(self) -> None:
        self._session.close()

    def send(self, call: Call, given_up: Event | None = None) -> BlobResponse:
        """Send a request and return its answer, if the status is 200.

        Temporary failures (a lost connection, a timeout, 408, 429, 5xx) are retried after the time that the service
        asks for, else exponentially with jitter. `given_up` ends the waiting.

        Raises ObjectStoreError: the last failure.
        """
        event = given_up or Event()
        started = monotonic()
        attempt = 1
        while True:
            try:
                return self._send_once(call)
            except _AttemptError as failed:
                wait = wait_s(
                    self._policy,
                    attempt=attempt,
                    status=failed.status,
                    requested_s=failed.requested_s,
                    elapsed_s=monotonic() - started,
                    jitter=random.random(),
                )
                if wait is None or event.wait(wait):
                    raise failed.error from None
                attempt += 1

    def _send_once(self, call: Call) -> BlobResponse:
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
                    return BlobResponse(response.headers, _body(response, call))
        except requests.RequestException as error:
            # The error of requests contains the address, which may be signed.
            raise _AttemptError(_unreachable(call.doing, urlsplit(url).netloc, error), None, 0.0) from None
        code = response.headers.get("x-ms-error-code", "")
        refused = refusal(call.doing, response.status_code, code, response.reason, call.role)
        raise _AttemptError(refused, response.status_code, asked_wait(response.headers, time()))


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
    return retry_after_s(headers.get("Retry-After", ""), now) or 0.0
