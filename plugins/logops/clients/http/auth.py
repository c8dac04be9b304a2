"""Credentials for an HTTP server, such as the gateway in front of Loki."""

from base64 import b64encode
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """A user name and a password. The password does not appear in the repr."""

    username: str
    password: str = field(repr=False)

    @property
    def header(self) -> str:
        return "Basic " + b64encode(f"{self.username}:{self.password}".encode()).decode()


@dataclass(frozen=True, slots=True)
class BearerToken:
    """A token that does not appear in the repr."""

    token: str = field(repr=False)

    @property
    def header(self) -> str:
        return f"Bearer {self.token}"

    @property
    def is_sendable(self) -> bool:
        """Whether an HTTP header can contain the token. A line break or a letter outside ASCII is not allowed."""
        return self.token.isascii() and self.token.isprintable()
