"""What can go wrong between logops and a storage account, drawn:

    ObjectStoreError
    ├── ObjectStoreMisconfigured   the credential or the endpoint cannot be used at all; nothing was sent
    ├── ObjectStoreUnreachable     nobody answered: no such name, refused, too slow
    ├── ObjectStoreRefused         Azure answered no: `status`, Azure's own `code`
    └── ProbeFailed                a `step` of the probe of a `container`; its cause, if one of the above, is chained

No message carries a key, a signature or a connection string: the SDK's own errors, which may, are not chained.
"""

from enum import StrEnum


class ProbeStep(StrEnum):
    """What a probe does to a container, in this order."""

    WRITE = "write"
    READ = "read"
    SET_TIER = "set the tier of"
    READ_TIER = "read the tier of"
    DELETE = "delete"


class ObjectStoreError(Exception):
    """Anything that keeps a storage account from doing what it was asked."""


class ObjectStoreMisconfigured(ObjectStoreError):
    """What the connection was given makes no request."""


class ObjectStoreUnreachable(ObjectStoreError):
    """Nobody answered."""


class ObjectStoreRefused(ObjectStoreError):
    """Azure answered with an error status."""

    def __init__(self, message: str, status: int, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        """Azure's error code, `ContainerNotFound`; empty where it gave none."""


class ProbeFailed(ObjectStoreError):
    """A step of a probe did not work, or gave something else than it should."""

    def __init__(self, message: str, step: ProbeStep, container: str) -> None:
        super().__init__(message)
        self.step = step
        self.container = container


ROLE = "Storage Blob Data Contributor"

_ADVICE = {
    "AuthenticationFailed": "The account does not accept this credential: is the key one of this account's two, "
    "and this machine's clock right?",
    "AuthorizationPermissionMismatch": f"The identity has no right to do that: it needs the role {ROLE} on the "
    "container or the account. A new assignment takes some minutes to work.",
    "AuthorizationFailure": "Either the account's network rules refuse this address, or the key is not this account's, "
    f"or the identity lacks the role {ROLE}.",
    "KeyBasedAuthenticationNotPermitted": "The account takes no shared keys (allowSharedKeyAccess is false): use an "
    f"identity that has the role {ROLE}.",
    "ContainerNotFound": "There is no such container: create it, or correct its name.",
    "ContainerBeingDeleted": "It was deleted and Azure has not finished: wait some minutes, then create it again.",
    "InvalidResourceName": "Container names have 3 to 63 lower-case letters, digits and single hyphens.",
    "BlobImmutableDueToPolicy": "The container has an immutability policy; Loki must be able to delete in it.",
}


def advice(status: int, code: str) -> str:
    """What to do about an answer of Azure; empty where the answer says enough.

    Codes: Azure docs, rest/api/storageservices, common and blob service error codes.
    """
    if code in _ADVICE:
        return _ADVICE[code]
    return f"It needs the role {ROLE} on the container or the account." if status == 403 else ""
