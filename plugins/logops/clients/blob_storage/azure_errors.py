"""Translate the SDK's exceptions. Imports azure, so it is imported only once there is a connection."""

from collections.abc import Iterator
from contextlib import contextmanager

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)

from logops.clients.blob_storage.errors import (
    ROLE,
    ObjectStoreError,
    ObjectStoreMisconfiguredError,
    ObjectStoreUnreachableError,
    refusal,
)
from logops.clients.blob_storage.identity import login_problem


@contextmanager
def translated(doing: str, role: str = ROLE) -> Iterator[None]:
    """Replace any error of the SDK by an ObjectStoreError that starts with `doing`.

    role   the role that the operation needs

    The SDK's error is not chained, because it may contain a signed address.
    """
    try:
        yield
    except AzureError as error:
        raise _translation(doing, error, role) from None


def _translation(doing: str, error: AzureError, role: str) -> ObjectStoreError:
    if isinstance(error, HttpResponseError) and error.status_code:
        # The Blob service's code; the management API has it in the body.
        given = getattr(error, "error_code", None) or getattr(error.error, "code", None) or ""
        # A member of StorageErrorCode if the SDK knows it, else text.
        code = str(getattr(given, "value", given))
        return refusal(doing, error.status_code, code, str(error.reason), role)
    if isinstance(error, ClientAuthenticationError):
        return ObjectStoreMisconfiguredError(f"{doing}: {login_problem(str(error))}")
    if isinstance(error, ServiceRequestError | ServiceResponseError):
        return ObjectStoreUnreachableError(
            f"{doing}: {_innermost(error)}. Is the endpoint right, and reachable from here?"
        )
    return ObjectStoreError(f"{doing}: {type(error).__name__}")


def _innermost(error: BaseException) -> str:
    """Return the operating system's message."""
    current: BaseException = error
    while (inner := getattr(current, "inner_exception", None) or current.__cause__ or current.__context__) is not None:
        current = inner
    if isinstance(current, OSError) and current.strerror:
        return current.strerror
    return "no answer in time" if "timed out" in str(current).lower() else type(current).__name__
