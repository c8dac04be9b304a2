"""The three ways to log in to a storage account. No secret appears in a repr."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


@dataclass(frozen=True, slots=True)
class AccountKey:
    """One of the two shared keys of the account, base64."""

    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ConnectionString:
    """The portal's `AccountName=...;AccountKey=...`, or one with a SharedAccessSignature. Names its own endpoint."""

    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DefaultIdentity:
    """This machine's Azure identity: environment, workload or managed identity, or Azure CLI (azure-identity)."""

    credential: "TokenCredential | None" = field(default=None, repr=False)
    """Another login with Entra ID, instead of this machine's."""


Credential = AccountKey | ConnectionString | DefaultIdentity
