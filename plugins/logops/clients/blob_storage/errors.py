"""What can go wrong between logops and a storage account, drawn:

    ObjectStoreError
    ├── ObjectStoreMisconfiguredError   the credential or the endpoint cannot be used at all; nothing was sent
    ├── ObjectStoreUnreachableError     nobody answered: no such name, refused, too slow
    ├── ObjectStoreRefusedError         Azure answered no: `status`, Azure's own `code`
    │   ├── BlobMissingError            there is no such blob
    │   └── BlobArchivedError           it is offline, in the Archive tier
    ├── ListingInterruptedError              a container was not listed to its end; `rest` says where to go on
    ├── InventoryError           no Blob Inventory that can stand for the container
    └── ProbeError                a `step` of the probe of a `container`; its cause, if one of the above, is chained

No message carries a key, a signature or a connection string: the SDK's own errors, which may, are not chained.
"""

from enum import StrEnum
from typing import TYPE_CHECKING

from logops.errors import LogopsError

if TYPE_CHECKING:
    from logops.clients.blob_storage.walks import Unlisted


class ProbeStep(StrEnum):
    """What a probe does to a container, in this order."""

    WRITE = "write"
    READ = "read"
    SET_TIER = "set the tier of"
    READ_TIER = "read the tier of"
    DELETE = "delete"


class ObjectStoreError(LogopsError):
    """Anything that keeps a storage account from doing what it was asked."""


class ObjectStoreMisconfiguredError(ObjectStoreError):
    """What the connection was given makes no request."""


class ObjectStoreUnreachableError(ObjectStoreError):
    """Nobody answered."""


class ObjectStoreRefusedError(ObjectStoreError):
    """Azure answered with an error status."""

    def __init__(self, message: str, status: int, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        """Azure's error code, `ContainerNotFound`; empty where it gave none."""


class BlobMissingError(ObjectStoreRefusedError):
    """There is no such blob."""


class BlobArchivedError(ObjectStoreRefusedError):
    """The blob is in the Archive tier: it must be rehydrated before it can be read, which takes hours."""


class ListingInterruptedError(ObjectStoreError):
    """A container could not be listed to its end. Its cause is chained."""

    def __init__(self, message: str, rest: "Unlisted") -> None:
        super().__init__(message)
        self.rest = rest
        """What is still to be listed: `Container.list(resume=...)` takes it."""


class InventoryError(ObjectStoreError):
    """No Blob Inventory of a rule is there that can stand for a container."""


class ProbeError(ObjectStoreError):
    """A step of a probe did not work, or gave something else than it should."""

    def __init__(self, message: str, step: ProbeStep, container: str) -> None:
        super().__init__(message)
        self.step = step
        self.container = container


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
}


def advice(status: int, code: str, role: str = ROLE) -> str:
    """What to do about an answer of Azure; empty where the answer says enough.

    `role` is the one that what was asked needs.
    Codes: Azure docs, rest/api/storageservices, common and blob service error codes.
    """
    if code in _ADVICE:
        return _ADVICE[code].format(role=role)
    return f"It needs the role {role} on the container or the account." if status == 403 else ""


def refusal(doing: str, status: int, code: str, reason: str, role: str = ROLE) -> ObjectStoreRefusedError:
    """An error status as the error it is. `reason` is HTTP's, for an answer without a code of Azure's."""
    kind = {"BlobNotFound": BlobMissingError, "BlobArchived": BlobArchivedError}.get(code, ObjectStoreRefusedError)
    what = f"{doing}: Azure answered {status} {code or reason}."
    return kind(f"{what} {advice(status, code, role)}".rstrip(), status, code)
