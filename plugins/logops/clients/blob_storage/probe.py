"""Check that a container supports what Loki and its lifecycle rules do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from logops.clients.blob_storage.azure_errors import translated
from logops.clients.blob_storage.errors import ObjectStoreError, ObjectStoreRefusedError, ProbeError, ProbeStep

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient

_CONTENT = b"Written by logops to prove that this container can be used. Safe to delete.\n"
_TIER = "Cool"


def probe(blob: "BlobClient", account: str) -> None:
    """Write, read, tier, check and delete one blob. Raises ProbeError; the blob is deleted if possible."""
    try:
        with _step(ProbeStep.WRITE, blob, account):
            blob.upload_blob(_CONTENT)
        with _step(ProbeStep.READ, blob, account):
            content = blob.download_blob().readall()
        if content != _CONTENT:
            raise _failed(ProbeStep.READ, blob, account, f"wrote {len(_CONTENT)} bytes, read {len(content)} others")
        with _step(ProbeStep.SET_TIER, blob, account):
            blob.set_standard_blob_tier(_TIER)
        with _step(ProbeStep.READ_TIER, blob, account):
            tier = blob.get_blob_properties().blob_tier
        if tier != _TIER:
            raise _failed(ProbeStep.READ_TIER, blob, account, f"it was set to {_TIER} and is {tier}")
        with _step(ProbeStep.DELETE, blob, account):
            blob.delete_blob()
    except ProbeError as error:
        if _is_left(blob, error.step):
            message = f"{error} The blob is still there: delete it by hand."
            raise ProbeError(message, error.step, error.container) from error.__cause__
        raise


@contextmanager
def _step(step: ProbeStep, blob: "BlobClient", account: str) -> Iterator[None]:
    try:
        with translated(_doing(step, blob, account)):
            yield
    except ObjectStoreError as error:
        raise ProbeError(str(error), step, str(blob.container_name)) from error


def _failed(step: ProbeStep, blob: "BlobClient", account: str, problem: str) -> ProbeError:
    return ProbeError(f"{_doing(step, blob, account)}: {problem}.", step, str(blob.container_name))


def _doing(step: ProbeStep, blob: "BlobClient", account: str) -> str:
    return (
        f"probing container {blob.container_name} of storage account {account}: could not {step} blob {blob.blob_name}"
    )


def _is_left(blob: "BlobClient", failed: ProbeStep) -> bool:
    """Try again to delete the blob of a failed probe. Return whether it is still there."""
    try:
        with translated("deleting the blob of a failed probe"):
            blob.delete_blob(retry_total=0)
    except ObjectStoreRefusedError as error:
        return failed is not ProbeStep.WRITE and error.code != "BlobNotFound"
    except ObjectStoreError:
        return failed is not ProbeStep.WRITE
    return False
