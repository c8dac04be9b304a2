"""Authorization of requests. Loki itself has no users; a gateway in front of it has."""

from base64 import b64encode
from dataclasses import dataclass, field

import requests
from requests.auth import AuthBase


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


class Authorization(AuthBase):
    """Send exactly the given credential, or none.

    Without this class, `requests` would look for a password in ~/.netrc.
    """

    def __init__(self, credential: BasicAuth | BearerToken | None) -> None:
        self._credential = credential

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._credential is not None:
            request.headers["Authorization"] = self._credential.header
        return request
