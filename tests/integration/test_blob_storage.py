"""Tests of the object store on a real Azurite."""

import logging
import time
from base64 import b64encode

import pytest
from azure.storage.blob import BlobServiceClient

from logops.clients.blob_storage import (
    AccountKey,
    ConnectionString,
    ObjectStore,
    ObjectStoreRefusedError,
    ObjectStoreUnreachableError,
    ProbeError,
    ProbeStep,
)
from tests.support.azurites import ACCOUNT, KEY, free_port

WRONG_KEY = b64encode(b"x" * 64).decode()


def blobs(endpoint: str, container: str) -> list[str]:
    signer = {"account_name": ACCOUNT, "account_key": KEY}
    with BlobServiceClient(endpoint, credential=signer) as service:
        return [blob.name for blob in service.get_container_client(container).list_blobs()]


def test_container_is_created_once_and_listed(store: ObjectStore) -> None:
    assert store.create_container("loki-ruler") is True
    assert store.create_container("loki-ruler") is False
    assert store.list_containers().count("loki-ruler") == 1


def test_probe_leaves_no_blob(store: ObjectStore, endpoint: str) -> None:
    store.create_container("probed")

    store.probe("probed")

    assert blobs(endpoint, "probed") == []


def test_connection_string_creates_and_probes_container(endpoint: str) -> None:
    text = f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={endpoint};"

    with ObjectStore.connect(ACCOUNT, ConnectionString(text)) as store:
        store.create_container("loki-chunks")
        store.probe("loki-chunks")


def test_probe_of_missing_container_fails_at_write_step(store: ObjectStore) -> None:
    with pytest.raises(ProbeError, match="ContainerNotFound") as failed:
        store.probe("nowhere")
    assert (failed.value.step, failed.value.container) == (ProbeStep.WRITE, "nowhere")


def test_wrong_key_is_refused_with_hint_and_without_key_in_message(endpoint: str) -> None:
    with (
        ObjectStore.connect(ACCOUNT, AccountKey(WRONG_KEY), endpoint) as stranger,
        pytest.raises(ObjectStoreRefusedError, match="the key is not this account's") as refused,
    ):
        stranger.list_containers()
    assert refused.value.status == 403
    assert WRONG_KEY not in str(refused.value)


def test_invalid_container_name_is_refused_with_naming_rule(store: ObjectStore) -> None:
    with pytest.raises(ObjectStoreRefusedError, match="3 to 63 lower-case letters"):
        store.create_container("Loki_Chunks")


def test_unreachable_account_is_reported_within_15_seconds() -> None:
    nobody = f"http://127.0.0.1:{free_port()}/{ACCOUNT}"
    started = time.monotonic()

    with pytest.raises(ObjectStoreUnreachableError, match="Connection refused"):
        ObjectStore.connect(ACCOUNT, AccountKey(KEY), nobody).list_containers()
    assert time.monotonic() - started < 15


def test_requests_are_not_logged_at_info_level(store: ObjectStore, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        store.list_containers()

    assert caplog.records == []
