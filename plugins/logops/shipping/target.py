"""A target that records are sent to: Loki, or an agent."""

import os
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from logops.clients.http.auth import BasicAuth, BearerToken
from logops.shipping.errors import ShippingError

if TYPE_CHECKING:
    from urllib.parse import SplitResult

TENANT_HEADER = "X-Scope-OrgID"
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class Wire(StrEnum):
    """The protocol of a target."""

    PUSH = "push"
    """Loki's push API. Promtail and Alloy accept it too."""
    OTLP = "otlp"
    """OTLP over HTTP: Loki, Alloy, an OpenTelemetry collector."""


_DEFAULT_PATH = {Wire.PUSH: "/loki/api/v1/push", Wire.OTLP: "/otlp/v1/logs"}
"""Path of Loki. An address with a path is used as it is: agents listen at `/v1/logs`."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address, its protocol, and what a request needs. No credential is in the repr."""

    url: str
    """`http://HOST:PORT` of a Loki, or the whole address of an agent: `http://HOST:4318/v1/logs`."""
    wire: Wire = Wire.PUSH
    tenant: str = ""
    """Sent as X-Scope-OrgID. Empty: the header is not sent."""
    auth: BasicAuth | BearerToken | None = None
    ca_file: str = ""
    """Certificates that sign the server's certificate. Empty: those of the operating system."""
    verify: bool = True
    """False accepts any certificate: only for tests."""
    timeout_s: float = 10.0
    """Longest wait for a connection, and for an answer."""

    def __post_init__(self) -> None:
        parts = self._parts
        if "@" in self.url:
            host = f" {parts.hostname}" if parts else ""
            raise ShippingError(
                f"The address of the target{host} contains credentials. Give username and password, or a token, as "
                "arguments of their own."
            )
        if parts is None:
            raise ShippingError(
                f"{self.url!r} is not the address of a target. Write http://HOST:PORT or https://HOST:PORT."
            )
        if not (self.tenant.isascii() and self.tenant.isprintable()):
            raise ShippingError(f"The tenant {self.tenant!r} contains characters that an HTTP header cannot contain.")
        if self.ca_file and not os.path.isfile(self.ca_file):
            raise ShippingError(
                f"The file {self.ca_file} with the certificates for {self.address} does not exist. Give a file in PEM "
                "format."
            )
        if isinstance(self.auth, BearerToken) and not self.auth.is_sendable:
            raise ShippingError(
                f"The token for {self.address} contains a line break or a letter outside ASCII. Copy the token again."
            )

    @property
    def address(self) -> str:
        """The address of the requests. It contains no credential."""
        parts = self._parts
        assert parts is not None
        path = parts.path if parts.path.strip("/") else _DEFAULT_PATH[self.wire]
        return f"{parts.scheme}://{parts.netloc}{path}"

    @property
    def _parts(self) -> "SplitResult | None":
        # An application that only imports logops.shipping need not wait for urllib.
        from logops.shipping.address import split_address

        return split_address(self.url)

    @property
    def headers(self) -> dict[str, str]:
        """The headers that say who sends. They contain the credential."""
        headers = {}
        if self.tenant:
            headers[TENANT_HEADER] = self.tenant
        if self.auth is not None:
            headers["Authorization"] = self.auth.header
        return headers


def credential(username: str = "", password: str = "", token: str = "") -> BasicAuth | BearerToken | None:
    """Return the credential that was given; None if neither was given. Raises ShippingError if there are two."""
    if token and (username or password):
        raise ShippingError("A token and a password were given for one target. Give one of them.")
    if token:
        return BearerToken(token)
    return BasicAuth(username, password) if username or password else None


def checked_labels(labels: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """Return labels in the form of a record, sorted by name. Raises ShippingError for a name that Loki refuses."""
    for name in labels:
        if not _LABEL_NAME.fullmatch(name):
            raise ShippingError(
                f"Loki refuses the label name {name!r}. Use letters, digits and underscores; do not start with a digit."
            )
    return tuple(sorted((name, str(value)) for name, value in labels.items()))
