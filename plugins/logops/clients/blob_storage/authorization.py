"""Authorization of our own requests. No secret appears in a repr, and only a SAS is part of an address."""

import hashlib
import hmac
from base64 import b64decode, b64encode
from email.utils import formatdate
from threading import Lock
from time import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from requests import PreparedRequest
from requests.auth import AuthBase

from logops.clients.blob_storage.identity import SCOPE

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential
    from azure.storage.blob import BlobServiceClient

_RENEW_BEFORE_S = 300


class SharedKey(AuthBase):
    """Sign a request without a body.

    Format: Azure docs, rest/api/storageservices/authorize-with-shared-key.
    """

    def __init__(self, account: str, key: str) -> None:
        self._account = account
        self._key = b64decode(key)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["x-ms-date"] = formatdate(usegmt=True)
        signed = hmac.new(self._key, string_to_sign(self._account, request).encode(), hashlib.sha256).digest()
        request.headers["Authorization"] = f"SharedKey {self._account}:{b64encode(signed).decode()}"
        return request


def string_to_sign(account: str, request: PreparedRequest) -> str:
    """Return the text that a shared key signs for a GET or HEAD.

    It has the verb, eleven standard headers (which none of our requests has), every x-ms header, the path as sent,
    and the decoded parameters.
    """
    url = urlsplit(str(request.url))
    theirs = sorted(
        (name.lower(), value) for name, value in request.headers.items() if name.lower().startswith("x-ms-")
    )
    headers = "".join(f"{name}:{str(value).strip()}\n" for name, value in theirs)
    parameters = sorted(parse_qsl(url.query, keep_blank_values=True))
    resource = "".join(f"\n{name.lower()}:{value}" for name, value in parameters)
    return f"{request.method}{12 * chr(10)}{headers}/{account}{url.path}{resource}"


class Identity(AuthBase):
    """Send the token of this machine's Azure identity, and renew it before it expires."""

    def __init__(self, credential: "TokenCredential") -> None:
        self._credential = credential
        self._token: AccessToken | None = None
        self._lock = Lock()

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        with self._lock:
            if self._token is None or self._token.expires_on < time() + _RENEW_BEFORE_S:
                self._token = self._credential.get_token(SCOPE)
        request.headers["Authorization"] = f"Bearer {self._token.token}"
        return request


class SharedAccessSignature(AuthBase):
    """Add the signature of a connection string to every address."""

    def __init__(self, query: str) -> None:
        self._query = query

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        url = str(request.url)
        request.url = f"{url}{'&' if '?' in url else '?'}{self._query}"
        return request


def authorization(service: "BlobServiceClient") -> AuthBase:
    """Return the authorization that the SDK's client was created with."""
    credential = service.credential
    if key := getattr(credential, "account_key", None):
        return SharedKey(str(getattr(credential, "account_name", "")), key)
    if credential is not None and hasattr(credential, "get_token"):
        return Identity(credential)
    return SharedAccessSignature(urlsplit(service.url).query)
