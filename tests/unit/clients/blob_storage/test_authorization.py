"""Tests of the authorization of requests that are sent without the SDK."""

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable
from time import time
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.core.credentials import AccessToken
from azure.storage.blob import BlobServiceClient
from requests import PreparedRequest, Request
from requests.auth import AuthBase

from logops.clients.blob_storage.authorization import Identity, SharedAccessSignature, SharedKey, authorization

ADDRESS = "https://main.blob.core.windows.net/loki-chunks"
KEY = b64encode(b"k" * 64).decode()
SIGNATURE = "sv=2026-10-06&ss=b&srt=sco&sp=rl&sig=c2VjcmV0%2Bsigned%3D"


def prepared(auth: AuthBase, url: str = ADDRESS) -> PreparedRequest:
    return Request("GET", url, headers={"x-ms-version": "2026-10-06"}, auth=auth).prepare()


class Credential:
    """A credential that gives a new token at each call, valid for `lasts` seconds."""

    def __init__(self, lasts: float) -> None:
        self._lasts = lasts
        self.asked: list[tuple[str, ...]] = []

    def get_token(self, *scopes: str, **_: object) -> AccessToken:
        self.asked.append(scopes)
        return AccessToken(f"token-{len(self.asked)}", int(time() + self._lasts))


def identity(lasts: float) -> tuple[Identity, Credential]:
    credential = Credential(lasts)
    return Identity(credential), credential  # type: ignore[arg-type]


def test_identity_sends_bearer_token() -> None:
    auth, credential = identity(3_600)

    assert prepared(auth).headers["Authorization"] == "Bearer token-1"
    assert credential.asked == [("https://storage.azure.com/.default",)]


def test_token_is_reused_while_valid() -> None:
    auth, credential = identity(3_600)

    assert {prepared(auth).headers["Authorization"] for _ in range(3)} == {"Bearer token-1"}
    assert len(credential.asked) == 1


def test_token_close_to_expiry_is_renewed() -> None:
    auth, _ = identity(240)

    assert [prepared(auth).headers["Authorization"] for _ in range(2)] == ["Bearer token-1", "Bearer token-2"]


@pytest.mark.parametrize(
    ("url", "joined"), [(ADDRESS, "?"), (f"{ADDRESS}?restype=container&comp=list&prefix=a%26b", "&")]
)
def test_signature_is_appended_to_query_string(url: str, joined: str) -> None:
    assert prepared(SharedAccessSignature(SIGNATURE), url).url == f"{url}{joined}{SIGNATURE}"


def test_signature_is_not_encoded_twice() -> None:
    sent = urlsplit(str(prepared(SharedAccessSignature(SIGNATURE)).url))

    assert parse_qs(sent.query)["sig"] == ["c2VjcmV0+signed="]


@pytest.mark.parametrize("auth", [identity(3_600)[0], SharedAccessSignature(SIGNATURE), SharedKey("main", KEY)])
def test_authorization_repr_has_no_secret(auth: AuthBase) -> None:
    prepared(auth)

    assert not any(secret in repr(auth) for secret in (KEY, "c2VjcmV0", "token-"))


def test_shared_key_signature_matches_azure_documentation() -> None:
    """Source: learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key, "Blob service"."""
    sent = prepared(SharedKey("main", KEY), f"{ADDRESS}?restype=container&comp=list&prefix=t%C3%A4%2Fb")
    lines = [
        "GET",
        *[""] * 11,
        f"x-ms-date:{sent.headers['x-ms-date']}",
        "x-ms-version:2026-10-06",
        "/main/loki-chunks",
        "comp:list",
        "prefix:t\u00e4/b",
        "restype:container",
    ]
    signed = hmac.new(b64decode(KEY), "\n".join(lines).encode(), hashlib.sha256).digest()

    assert sent.headers["Authorization"] == f"SharedKey main:{b64encode(signed).decode()}"


def by_key() -> BlobServiceClient:
    return BlobServiceClient(ADDRESS, credential={"account_name": "main", "account_key": KEY})


def by_identity() -> BlobServiceClient:
    return BlobServiceClient(ADDRESS, credential=Credential(3_600))  # type: ignore[arg-type]


def by_signature() -> BlobServiceClient:
    return BlobServiceClient.from_connection_string(
        f"BlobEndpoint=https://main.blob.core.windows.net/;SharedAccessSignature={SIGNATURE}"
    )


@pytest.mark.parametrize(
    ("client", "kind"), [(by_key, SharedKey), (by_identity, Identity), (by_signature, SharedAccessSignature)]
)
def test_authorization_has_the_kind_of_the_sdk_credential(client: Callable[[], BlobServiceClient], kind: type) -> None:
    assert type(authorization(client())) is kind


def test_signature_of_connection_string_is_sent_unchanged() -> None:
    assert prepared(authorization(by_signature())).url == f"{ADDRESS}?{SIGNATURE}"
