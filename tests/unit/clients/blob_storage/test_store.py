"""Tests of creating a client. No request is sent."""

import subprocess
import sys
from base64 import b64encode

import pytest

from logops.clients.blob_storage import (
    AccountKey,
    ConnectionString,
    DefaultIdentity,
    ObjectStore,
    ObjectStoreMisconfiguredError,
)
from logops.clients.blob_storage.credentials import Credential

KEY = b64encode(b"k" * 64).decode()
CONNECTION_STRING = (
    f"DefaultEndpointsProtocol=https;AccountName=mainaccount;AccountKey={KEY};EndpointSuffix=core.windows.net"
)


def test_importing_the_package_imports_no_azure() -> None:
    script = (
        "import sys, logops.clients.blob_storage; sys.exit(any(name.split('.')[0] == 'azure' for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": ":".join(sys.path)}).returncode == 0


@pytest.mark.parametrize("credential", [AccountKey(KEY), ConnectionString(CONNECTION_STRING)])
def test_credential_repr_has_no_secret(credential: Credential) -> None:
    assert KEY not in repr(credential)


@pytest.mark.parametrize("credential", [AccountKey(KEY), ConnectionString(CONNECTION_STRING), DefaultIdentity()])
def test_store_connects_with_each_kind_of_credential(credential: Credential) -> None:
    with ObjectStore.connect("mainaccount", credential) as store:
        assert store.account == "mainaccount"
        assert KEY not in repr(store)


@pytest.mark.parametrize(
    ("credential", "words"),
    [
        (AccountKey("not base64!"), "the account key is not base64: copy it again, whole"),
        (ConnectionString("nonsense"), "Connection string is either blank or malformed"),
        (ConnectionString(CONNECTION_STRING.replace(KEY, KEY[:-3])), "the account key is not base64"),
        (ConnectionString(CONNECTION_STRING.replace("mainaccount", "other")), "is for storage account other"),
    ],
)
def test_invalid_credential_is_refused_on_connect(credential: Credential, words: str) -> None:
    with pytest.raises(ObjectStoreMisconfiguredError, match=words) as misconfigured:
        ObjectStore.connect("mainaccount", credential)
    assert str(misconfigured.value).startswith("connecting to storage account mainaccount: ")
    assert KEY[:20] not in str(misconfigured.value)


def test_identity_over_http_is_refused() -> None:
    with pytest.raises(ObjectStoreMisconfiguredError, match="HTTPS"):
        ObjectStore.connect("mainaccount", DefaultIdentity(), "http://127.0.0.1:10000/mainaccount")
