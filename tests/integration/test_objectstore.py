"""The object store, against a real Azurite."""

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


def test_a_container_is_created_once_and_listed(store: ObjectStore) -> None:
    assert store.create_container("loki-ruler") is True
    assert store.create_container("loki-ruler") is False
    assert store.list_containers().count("loki-ruler") == 1


def test_a_probe_leaves_nothing(store: ObjectStore, endpoint: str) -> None:
    store.create_container("probed")

    store.probe("probed")

    assert blobs(endpoint, "probed") == []


def test_a_connection_string_does_as_well(endpoint: str) -> None:
    text = f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={endpoint};"

    with ObjectStore.connect(ACCOUNT, ConnectionString(text)) as store:
        store.create_container("loki-chunks")
        store.probe("loki-chunks")


def test_a_container_that_is_not_there_fails_the_write(store: ObjectStore) -> None:
    with pytest.raises(ProbeError, match="ContainerNotFound") as failed:
        store.probe("nowhere")
    assert (failed.value.step, failed.value.container) == (ProbeStep.WRITE, "nowhere")


def test_a_wrong_key_is_refused_with_advice_and_unseen(endpoint: str) -> None:
    with (
        ObjectStore.connect(ACCOUNT, AccountKey(WRONG_KEY), endpoint) as stranger,
        pytest.raises(ObjectStoreRefusedError, match="the key is not this account's") as refused,
    ):
        stranger.list_containers()
    assert refused.value.status == 403
    assert WRONG_KEY not in str(refused.value)


def test_a_name_that_azure_does_not_take_is_told(store: ObjectStore) -> None:
    with pytest.raises(ObjectStoreRefusedError, match="3 to 63 lower-case letters"):
        store.create_container("Loki_Chunks")


def test_an_account_that_is_not_there_is_told_within_seconds() -> None:
    nobody = f"http://127.0.0.1:{free_port()}/{ACCOUNT}"
    started = time.monotonic()

    with pytest.raises(ObjectStoreUnreachableError, match="Connection refused"):
        ObjectStore.connect(ACCOUNT, AccountKey(KEY), nobody).list_containers()
    assert time.monotonic() - started < 15


def test_requests_are_not_told_in_the_log_of_a_task(store: ObjectStore, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        store.list_containers()

    assert caplog.records == []
