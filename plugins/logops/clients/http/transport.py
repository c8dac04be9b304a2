"""Send requests with the library `requests`: pooled connections, timeouts, retries."""

import random
import time
from itertools import count
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from logops.clients.http.auth import BasicAuth, BearerToken
from logops.clients.http.request import Failure, FailureKind, Outcome, Request, Response
from logops.clients.http.retries import RetryPolicy, wait_after

_MAX_CONNECTIONS = 32
"""More threads than this need a new connection per request."""
LOOPBACK_HOSTS = {"127.0.0.1", "localhost", "::1"}


class Transport:
    """Requests to one base address. Safe for several threads."""

    def __init__(
        self,
        base_url: str,
        *,
        auth: BasicAuth | BearerToken | None = None,
        verify: bool = True,
        connect_timeout_s: float = 3.0,
        read_timeout_s: float = 60.0,
        use_proxies: bool = True,
    ) -> None:
        """Does not connect yet.

        verify       False accepts any TLS certificate
        use_proxies  use the proxies and certificates that environment variables name, except for this machine
        """
        self.base_url = base_url
        self._timeouts = (connect_timeout_s, read_timeout_s)
        self._verify = verify
        self._session = requests.Session()
        self._session.auth = _Authorization(auth)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=_MAX_CONNECTIONS))
        # A proxy for the internet cannot reach this machine's loopback.
        self._session.trust_env = use_proxies and urlsplit(base_url).hostname not in LOOPBACK_HOSTS

    def close(self) -> None:
        """Close the pooled connections."""
        self._session.close()

    def send(self, request: Request) -> Outcome:
        """Send a request once. Redirects are not followed."""
        try:
            answer = self._session.request(
                request.method,
                self.base_url + request.target,
                data=request.body,
                headers=dict(request.headers),
                timeout=self._timeouts,
                # Passed with each request: REQUESTS_CA_BUNDLE would override the session's setting.
                verify=self._verify,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            kind, detail = classify(error)
            return Failure(request, self.base_url, kind, detail)
        headers = tuple(answer.headers.items())
        return Response(request, self.base_url, answer.status_code, headers, answer.content, time.time())

    def send_with_retries(self, request: Request, policy: RetryPolicy) -> Outcome:
        """Send a request until its outcome is final (`retries.wait_after`). Return the last outcome."""
        started = time.monotonic()
        for attempt in count(1):
            outcome = self.send(request)
            elapsed_s = time.monotonic() - started
            wait = wait_after(outcome, policy, attempt=attempt, elapsed_s=elapsed_s, jitter=random.random())
            if wait is None:
                break
            time.sleep(wait)
        return outcome


class _Authorization(AuthBase):
    """Send exactly the given credential, or none.

    Without this class, `requests` would look for a password in ~/.netrc.
    """

    def __init__(self, credential: BasicAuth | BearerToken | None) -> None:
        self._credential = credential

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._credential is not None:
            request.headers["Authorization"] = self._credential.header
        return request


def classify(error: requests.RequestException) -> tuple[FailureKind, str]:
    """Return the kind and the detail of a failure for an error of the library `requests`."""
    if isinstance(error, requests.ConnectTimeout):
        return FailureKind.CONNECT_TIMEOUT, type(error).__name__
    if isinstance(error, requests.Timeout):
        return FailureKind.READ_TIMEOUT, type(error).__name__
    # A ChunkedEncodingError is a connection that broke during an answer.
    if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return FailureKind.CONNECTION, _innermost(error)
    return FailureKind.UNUSABLE, f"{type(error).__name__}: {error}"


def _innermost(error: BaseException) -> str:
    """Return the operating system's message: the wrappers around it repeat the address three times."""
    current = error
    while (inner := current.__cause__ or current.__context__) is not None:
        current = inner
    if isinstance(current, OSError) and current.strerror:
        return current.strerror
    return f"{type(current).__name__}: {current}"
