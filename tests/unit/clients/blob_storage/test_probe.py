"""Tests of the probe: a failed probe names the step, says what to do and deletes its blob if possible."""

from typing import Any

import pytest
from azure.core.exceptions import AzureError, HttpResponseError, ServiceRequestError

from logops.clients.blob_storage import ObjectStoreRefusedError, ObjectStoreUnreachableError, ProbeError, ProbeStep
from logops.clients.blob_storage.probe import probe

CALL_OF = {
    ProbeStep.WRITE: "upload_blob",
    ProbeStep.READ: "download_blob",
    ProbeStep.SET_TIER: "set_standard_blob_tier",
    ProbeStep.READ_TIER: "get_blob_properties",
    ProbeStep.DELETE: "delete_blob",
}


def azure_said(status: int, code: str) -> HttpResponseError:
    error = HttpResponseError(message="The SDK's long story.")
    error.status_code, error.reason = status, "Reason"
    error.error_code = code
    return error


class FakeBlob:
    """A blob in memory. Each of its calls can be made to fail."""

    container_name, blob_name = "loki-chunks", "logops-probe/1"

    def __init__(self, **failing: AzureError) -> None:
        self._failing = failing
        self.exists = False
        self.content = b""
        self.tier = "Hot"

    def _call(self, name: str) -> None:
        if name in self._failing:
            raise self._failing[name]

    def upload_blob(self, content: bytes) -> None:
        self._call("upload_blob")
        self.exists, self.content = True, content

    def download_blob(self) -> "FakeBlob":
        self._call("download_blob")
        return self

    def readall(self) -> bytes:
        return self.content

    def set_standard_blob_tier(self, tier: str) -> None:
        self._call("set_standard_blob_tier")
        self.tier = tier

    def get_blob_properties(self) -> Any:
        self._call("get_blob_properties")
        return type("Properties", (), {"blob_tier": self.tier})

    def delete_blob(self, **_: object) -> None:
        self._call("delete_blob")
        if not self.exists:
            raise azure_said(404, "BlobNotFound")
        self.exists = False


def probed(blob: FakeBlob) -> None:
    probe(blob, "mainaccount")  # type: ignore[arg-type]


def test_successful_probe_sets_the_tier_and_deletes_its_blob() -> None:
    blob = FakeBlob()

    probed(blob)

    assert not blob.exists
    assert blob.tier == "Cool"


@pytest.mark.parametrize("step", ProbeStep)
def test_failed_step_is_named_in_the_error(step: ProbeStep) -> None:
    blob = FakeBlob(**{CALL_OF[step]: azure_said(403, "AuthorizationPermissionMismatch")})

    with pytest.raises(ProbeError) as failed:
        probed(blob)

    assert (failed.value.step, failed.value.container) == (step, "loki-chunks")
    assert f"could not {step} blob logops-probe/1" in str(failed.value)
    assert "container loki-chunks of storage account mainaccount" in str(failed.value)
    assert "Storage Blob Data Contributor" in str(failed.value)
    assert isinstance(failed.value.__cause__, ObjectStoreRefusedError)


@pytest.mark.parametrize("step", [step for step in ProbeStep if step is not ProbeStep.DELETE])
def test_failed_probe_leaves_no_blob(step: ProbeStep) -> None:
    blob = FakeBlob(**{CALL_OF[step]: azure_said(500, "InternalError")})

    with pytest.raises(ProbeError) as failed:
        probed(blob)

    assert not blob.exists
    assert "still there" not in str(failed.value)


@pytest.mark.parametrize("step", [ProbeStep.READ, ProbeStep.SET_TIER, ProbeStep.READ_TIER, ProbeStep.DELETE])
def test_blob_that_cannot_be_deleted_is_reported(step: ProbeStep) -> None:
    refusal = azure_said(409, "BlobImmutableDueToPolicy")
    blob = FakeBlob(**{CALL_OF[step]: refusal, "delete_blob": refusal})

    with pytest.raises(ProbeError, match=r"still there: delete it by hand\."):
        probed(blob)
    assert blob.exists


def test_refused_write_reports_no_remaining_blob() -> None:
    refusal = azure_said(403, "AuthorizationFailure")

    with pytest.raises(ProbeError) as failed:
        probed(FakeBlob(upload_blob=refusal, delete_blob=refusal))
    assert "still there" not in str(failed.value)


def test_account_without_answer_is_reported_as_unreachable() -> None:
    with pytest.raises(ProbeError, match="Is the endpoint right") as failed:
        probed(FakeBlob(upload_blob=ServiceRequestError("https://account/?sig=secret")))
    assert isinstance(failed.value.__cause__, ObjectStoreUnreachableError)


def test_different_bytes_fail_the_read_step() -> None:
    blob = FakeBlob()
    blob.readall = lambda: b"something else"  # type: ignore[method-assign]

    with pytest.raises(ProbeError, match="read 14 others") as failed:
        probed(blob)
    assert failed.value.step is ProbeStep.READ
    assert not blob.exists


def test_tier_that_was_not_set_fails_the_read_tier_step() -> None:
    blob = FakeBlob()
    blob.set_standard_blob_tier = lambda tier: None  # type: ignore[method-assign]

    with pytest.raises(ProbeError, match="it was set to Cool and is Hot") as failed:
        probed(blob)
    assert failed.value.step is ProbeStep.READ_TIER
    assert not blob.exists
