"""Tests of Azure errors: messages say what to do and show no secret."""

import traceback

import pytest
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)

from logops.clients.blob_storage import (
    ObjectStoreError,
    ObjectStoreMisconfiguredError,
    ObjectStoreRefusedError,
    ObjectStoreUnreachableError,
)
from logops.clients.blob_storage.azure_errors import translated
from logops.clients.blob_storage.errors import ROLE, advice


def translation(error: AzureError) -> ObjectStoreError:
    with pytest.raises(ObjectStoreError) as raised, translated("listing"):
        raise error
    return raised.value


def answered(status: int, code: object) -> HttpResponseError:
    error = HttpResponseError(message="The MAC signature found in the HTTP request 'c2VjcmV0' is not the same")
    error.status_code, error.reason = status, "Forbidden"
    error.error_code = code  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AuthenticationFailed", "is the key one of this account's two"),
        ("AuthorizationPermissionMismatch", f"it needs the role {ROLE}"),
        ("AuthorizationFailure", "network rules"),
        ("KeyBasedAuthenticationNotPermitted", "takes no shared keys"),
        ("InsufficientAccountPermissions", f"It needs the role {ROLE}"),
    ],
)
def test_advice_for_403_names_the_likely_cause(code: str, words: str) -> None:
    assert words in advice(403, code)


def test_error_code_without_advice_gets_empty_advice() -> None:
    assert advice(409, "LeaseIdMissing") == ""


def test_a_refusal_has_azures_status_and_code() -> None:
    refused = translation(answered(403, "AuthenticationFailed"))

    assert isinstance(refused, ObjectStoreRefusedError)
    assert (refused.status, refused.code) == (403, "AuthenticationFailed")
    assert str(refused).startswith("listing: Azure answered 403 AuthenticationFailed. ")


def test_sdk_error_code_is_converted_to_text() -> None:
    from azure.storage.blob import StorageErrorCode

    refused = translation(answered(404, StorageErrorCode.CONTAINER_NOT_FOUND))

    assert isinstance(refused, ObjectStoreRefusedError)
    assert refused.code == "ContainerNotFound"


@pytest.mark.parametrize("kind", [ServiceRequestError, ServiceResponseError])
def test_request_without_answer_raises_unreachable_error(kind: type[AzureError]) -> None:
    error = kind("https://account/container?sig=c2VjcmV0")
    error.inner_exception = ConnectionRefusedError(111, "Connection refused")

    unreachable = translation(error)

    assert isinstance(unreachable, ObjectStoreUnreachableError)
    assert str(unreachable) == "listing: Connection refused. Is the endpoint right, and reachable from here?"


def test_missing_identity_is_reported_with_login_command() -> None:
    without = translation(ClientAuthenticationError(message="DefaultAzureCredential failed to retrieve a token"))

    assert isinstance(without, ObjectStoreMisconfiguredError)
    assert "az login" in str(without)


@pytest.mark.parametrize(
    "error",
    [
        answered(403, "AuthenticationFailed"),
        ServiceRequestError("https://account/container?sig=c2VjcmV0"),
        AzureError("AccountKey=c2VjcmV0"),
    ],
)
def test_secret_in_sdk_message_is_not_in_the_traceback(error: AzureError) -> None:
    assert "c2VjcmV0" not in "".join(traceback.format_exception(translation(error)))
