"""Errors of a storage account:

    ObjectStoreError
    ├── ObjectStoreMisconfiguredError   the credential or the endpoint is not usable; nothing was sent
    ├── ObjectStoreUnreachableError     no answer: unknown name, refused connection, timeout
    ├── ObjectStoreRefusedError         Azure answered with an error: `status`, Azure's own `code`
    │   ├── BlobMissingError            there is no such blob
    │   └── BlobArchivedError           it is offline, in the Archive tier
    ├── ListingInterruptedError         a container was not listed completely; `rest` is the missing part
    ├── InventoryError                  no usable Blob Inventory of the container
    └── ProbeError                      a `step` of the probe of a `container`; one of the above is chained

No message contains a key, a signature or a connection string. The SDK's own errors may, so they are not chained.
"""

from enum import StrEnum
from typing import TYPE_CHECKING

from logops.errors import LogopsError

if TYPE_CHECKING:
    from logops.clients.blob_storage.listing.walks import Unlisted


class ProbeStep(StrEnum):
    """The steps of a probe, in order."""

    WRITE = "write"
    READ = "read"
    SET_TIER = "set the tier of"
    READ_TIER = "read the tier of"
    DELETE = "delete"


class ObjectStoreError(LogopsError):
    """A storage account could not do what it was asked to do."""


class ObjectStoreMisconfiguredError(ObjectStoreError):
    """The credential or the endpoint cannot be used."""

    needs_a_person = True


class ObjectStoreUnreachableError(ObjectStoreError):
    """There was no answer."""


class ObjectStoreRefusedError(ObjectStoreError):
    """Azure answered with an error status."""

    def __init__(self, message: str, status: int, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        """Azure's error code, such as `ContainerNotFound`; empty if there was none."""


class BlobMissingError(ObjectStoreRefusedError):
    """There is no such blob."""


class BlobArchivedError(ObjectStoreRefusedError):
    """The blob is in the Archive tier. Reading it requires a rehydration, which takes hours."""


class ListingInterruptedError(ObjectStoreError):
    """A container could not be listed completely. The cause is chained."""

    def __init__(self, message: str, unlisted: "Unlisted") -> None:
        super().__init__(message)
        self.unlisted = unlisted
        """The part that was not listed; pass it to `Container.list(resume=...)`."""


class InventoryError(ObjectStoreError):
    """A rule has no usable Blob Inventory of a container."""


class ProbeError(ObjectStoreError):
    """A step of a probe failed, or returned something unexpected."""

    def __init__(self, message: str, step: ProbeStep, container: str) -> None:
        super().__init__(message)
        self.step = step
        self.container = container


NO_IDENTITY = (
    "this machine has no Azure identity: run `az login`, set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, "
    "or use a pod or VM that has one."
)
ROLE = "Storage Blob Data Contributor"
READER = "Storage Blob Data Reader"
"""Enough to list and to read."""

_ADVICE = {
    "AuthenticationFailed": "The account does not accept this credential: is the key one of this account's two, "
    "and this machine's clock right?",
    "AuthorizationPermissionMismatch": "The identity has no right to do that: it needs the role {role} on the "
    "container or the account. A new assignment takes some minutes to work.",
    "AuthorizationFailure": "Either the account's network rules refuse this address, or the key is not this account's, "
    "or the identity lacks the role {role}.",
    "KeyBasedAuthenticationNotPermitted": "The account takes no shared keys (allowSharedKeyAccess is false): use an "
    "identity that has the role {role}.",
    "ContainerNotFound": "There is no such container: create it, or correct its name.",
    "ContainerBeingDeleted": "It was deleted and Azure has not finished: wait some minutes, then create it again.",
    "InvalidResourceName": "Container names have 3 to 63 lower-case letters, digits and single hyphens.",
    "BlobArchived": "It is offline, in the Archive tier: rehydrate it (set its tier to Hot or Cool; it takes hours).",
    "BlobImmutableDueToPolicy": "The container has an immutability policy; Loki must be able to delete in it.",
    "ExpiredAuthenticationToken": "The login has expired: run `az login` again, or renew the application's secret.",
    "MissingSubscriptionRegistration": "The subscription does not know storage accounts yet: run "
    "`az provider register --namespace Microsoft.Storage`, and wait until it is registered.",
    "ResourceGroupNotFound": "Create the resource group in resource_id, or correct it.",
    "StorageAccountAlreadyTaken": "Names are unique in all of Azure: choose another account_name.",
    "StorageAccountOperationInProgress": "Another change of the account is running: repeat this when it has ended.",
    "TooManyRequests": "Azure limits such requests for each subscription: repeat this in some minutes.",
    "ScopeLocked": "A lock on the account or its group forbids the change: remove the lock.",
    "RequestDisallowedByPolicy": "A policy of the subscription forbids the change: ask who owns the policy.",
}


def advice(status: int, code: str, role: str = ROLE) -> str:
    """Return what to do about an answer of Azure; empty if the answer is clear.

    role   the role that the operation needs

    Codes: Azure docs, rest/api/storageservices, common and blob service error codes; rest/api/storagerp for the
    management API.
    """
    if code in _ADVICE:
        return _ADVICE[code].format(role=role)
    return f"It needs the role {role} on the container or the account." if status == 403 else ""


def refusal(doing: str, status: int, code: str, reason: str, role: str = ROLE) -> ObjectStoreRefusedError:
    """Return the error for an error status. `reason` is HTTP's, for an answer without one of Azure's codes."""
    kind = {"BlobNotFound": BlobMissingError, "BlobArchived": BlobArchivedError}.get(code, ObjectStoreRefusedError)
    what = f"{doing}: Azure answered {status} {code or reason}."
    if status < 400:
        # A long-running operation: Azure says how it ended in an answer that is no error.
        what = f"{doing}: Azure began the change and ended it as failed: {code or reason}."
    return kind(f"{what} {advice(status, code, role)}".rstrip(), status, code)
