"""The three ways to log in to a storage account. No secret appears in a repr."""

from dataclasses import dataclass, field


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


Credential = AccountKey | ConnectionString | DefaultIdentity
