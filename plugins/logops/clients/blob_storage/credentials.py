"""The three ways to prove to a storage account who asks. No secret shows in a repr."""

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
    """Whoever this machine is to Azure: by environment, workload or managed identity, Azure CLI (azure-identity)."""


Credential = AccountKey | ConnectionString | DefaultIdentity
