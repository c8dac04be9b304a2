"""A request to an HTTP server and its outcome, as immutable values.

A client builds a `Request`. A transport sends it and returns an `Outcome`. The client decodes the outcome. Neither the
request nor the decoder knows whether the transport is synchronous.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Request:
    """One request. It contains no address and no credential: the transport adds both."""

    doing: str
    """Start of every message about the request: `reading the ingester ring`."""
    path: str
    """Encoded, with its first slash."""
    method: str = "GET"
    params: tuple[tuple[str, str], ...] = ()
    """Names and values, not encoded. A name may appear several times."""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = field(default=None, repr=False)
    idempotent: bool = True
    """Whether the request may be sent again if its outcome is unknown or temporary."""

    @property
    def target(self) -> str:
        """The path and the encoded query."""
        return f"{self.path}?{urlencode(self.params)}" if self.params else self.path

    def header(self, name: str) -> str:
        """Return the value of a header; empty if it is not sent."""
        return _header(self.headers, name)


@dataclass(frozen=True, slots=True)
class Response:
    """The answer of a server, whatever its status."""

    request: Request
    base_url: str
    """Address of the server, without a final slash."""
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)
    """Without its Content-Encoding."""
    received_at_s: float
    """Unix time."""

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return self.status // 100 == 2

    @property
    def text(self) -> str:
        """The body as UTF-8. Invalid bytes are replaced."""
        return self.body.decode("utf-8", "replace")

    @property
    def first_words(self) -> str:
        """The start of a text or of an HTML page, on one line."""
        return " ".join(self.body[:2000].decode("utf-8", "replace").split())

    def header(self, name: str) -> str:
        """Return the value of a header; empty if the server did not send it."""
        return _header(self.headers, name)


class FailureKind(StrEnum):
    """Why there is no answer."""

    CONNECT_TIMEOUT = "connect-timeout"
    """No connection in time."""
    CONNECTION = "connection"
    """Refused, not resolved, or lost."""
    READ_TIMEOUT = "read-timeout"
    """Connected, but no answer in time. The server may still have carried out the request."""
    UNUSABLE = "unusable"
    """The request could not be sent, or the answer is not HTTP. Another attempt would give the same."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A request without an answer."""

    request: Request
    base_url: str
    kind: FailureKind
    detail: str
    """The operating system's message, or the name of the error; never a credential."""


Outcome = Response | Failure
"""The result of sending a request."""


def params(values: Mapping[str, str | int | Iterable[str]]) -> tuple[tuple[str, str], ...]:
    """Return parameters as pairs of texts. A list becomes one pair for each element.

    >>> params({"match[]": ["a", "b"], "start": 1})
    (('match[]', 'a'), ('match[]', 'b'), ('start', '1'))
    """
    return tuple(
        (name, item)
        for name, value in values.items()
        for item in ([str(value)] if isinstance(value, str | int) else value)
    )


def _header(headers: tuple[tuple[str, str], ...], name: str) -> str:
    return next((value for key, value in headers if key.lower() == name.lower()), "")
