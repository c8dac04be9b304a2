"""Compare a storage account on Azure with its rendered state, and write what differs.

The state is that of `render.storage.azure`. Each of its keys is a part: read, compared and written alone. Only what the
state names is compared, so containers, inventory rules and settings of others stay as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from logops.environment.storage import StorageAccount
from logops.platforms.azure.management import AZURE, Managed, managed
from logops.platforms.azure.parts import PARTS, exists
from logops.platforms.azure.roles import missing_role
from logops.platforms.platform import PlatformError, Progress

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

State = Mapping[str, Any]
READER, CONTRIBUTOR = "Reader", "Storage Account Contributor"


@dataclass(frozen=True)
class Difference:
    """A part of an account that is not as it should be."""

    part: str
    live: Any
    """None: it does not exist."""
    wanted: Any

    @property
    def title(self) -> str:
        return self.part.replace("_", " ")


def differences(
    account: StorageAccount, wanted: State, credential: "TokenCredential | None" = None, endpoint: str = AZURE
) -> list[Difference]:
    """Return what differs between an account and its rendered state. Changes nothing. Raises ObjectStoreError."""
    with managed(f"reading storage account {account.account_name}", account, READER, credential, endpoint) as azure:
        return _differences(azure, wanted)


def write_account(
    account: StorageAccount,
    wanted: State,
    credential: "TokenCredential | None" = None,
    endpoint: str = AZURE,
    progress: Progress = lambda line: None,
) -> None:
    """Write what differs, and read it back. A second call changes nothing.

    Raises PlatformError, before any change, if Terraform manages the account and something differs, if Azure cannot
    change a setting, or if a missing account cannot be created; after the changes, if something is not as written, or
    if the identity of Loki's pods lacks its role on the account.
    Raises ObjectStoreError if Azure refuses a request: later parts are not written then, and a repetition continues.
    """
    with managed(
        f"writing storage account {account.account_name}", account, CONTRIBUTOR, credential, endpoint
    ) as azure:
        found = _differences(azure, wanted)
        if found and account.managed_by == "terraform":
            raise PlatformError(
                f"{azure.doing}: Terraform manages it, and these differ: {_titles(found)}. Apply storage/terraform of "
                "`logops render`. Nothing was changed."
            )
        if exists(azure):
            _refuse_conversion(azure, found)
        else:
            _refuse_creation(azure, account)
        for difference in found:
            progress(f"writing {difference.title} of storage account {account.account_name}")
            PARTS[difference.part].write(azure, account, difference.wanted)
        if left := _differences(azure, wanted):
            raise PlatformError(
                f"{azure.doing}: {_titles(left)}: Azure has another value than the one that was written. Does a "
                "policy of the subscription change it?"
            )
        if missing := missing_role(azure, account):
            raise PlatformError(f"{azure.doing}: {missing}")


def _differences(azure: Managed, wanted: State) -> list[Difference]:
    is_there = exists(azure)
    live = {name: part.read(azure, wanted[name]) if is_there else None for name, part in PARTS.items()}
    return [Difference(name, live[name], wanted[name]) for name in PARTS if live[name] != wanted[name]]


def _refuse_creation(azure: Managed, account: StorageAccount) -> None:
    """Raise PlatformError if the account cannot be created."""
    if account.location is None:
        raise PlatformError(
            f"{azure.doing}: there is no such account in resource group {azure.group}. Create it, correct resource_id, "
            "or set location: then logops creates it. Nothing was changed."
        )
    answer = azure.client.storage_accounts.check_name_availability({"name": azure.name})
    if not answer.name_available:
        raise PlatformError(
            f"{azure.doing}: the name cannot be used: {answer.message} Choose another account_name. Nothing was "
            "changed."
        )


def _refuse_conversion(azure: Managed, found: Sequence[Difference]) -> None:
    """Raise PlatformError if an existing account has another redundancy."""
    for difference in found:
        if difference.part == "settings" and difference.live["sku"] != difference.wanted["sku"]:
            raise PlatformError(
                f"{azure.doing}: it is {difference.live['sku']}, and the environment wants {difference.wanted['sku']}. "
                "Azure converts accounts in days, not by an update: convert it first, or correct `redundancy`. Nothing "
                "was changed."
            )


def _titles(found: Sequence[Difference]) -> str:
    return ", ".join(difference.title for difference in found)
