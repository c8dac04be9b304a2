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


@dataclass(frozen=True)
class Comparison:
    """A storage account, compared with its rendered state."""

    exists: bool
    differences: tuple[Difference, ...] = ()
    refusal: str = ""
    """Why logops cannot make the account as rendered, and what to do; empty if it can."""
    missing_role: str = ""
    """Which role the identity of Loki's pods lacks, and the command that gives it; empty if it lacks none."""


def compare_account(
    account: StorageAccount, wanted: State, credential: "TokenCredential | None" = None, endpoint: str = AZURE
) -> Comparison:
    """Compare an account with its rendered state. Changes nothing. Raises ObjectStoreError."""
    with managed(f"reading storage account {account.account_name}", account, READER, credential, endpoint) as azure:
        is_there = exists(azure)
        found = _differences(azure, wanted, is_there=is_there)
        return Comparison(
            is_there,
            tuple(found),
            _conversion(found) if is_there else _creation(azure, account),
            (is_there and missing_role(azure, account)) or "",
        )


def write_account(
    account: StorageAccount,
    wanted: State,
    credential: "TokenCredential | None" = None,
    endpoint: str = AZURE,
    progress: Progress = lambda line: None,
) -> None:
    """Write what differs, and read it back. A second call changes nothing.

    Raises PlatformError, before any change, if Azure cannot change a setting, or if a missing account cannot be
    created; after the changes, if something is not as written, or if the identity of Loki's pods lacks its role on the
    account.
    Raises ObjectStoreError if Azure refuses a request: later parts are not written then, and a repetition continues.
    """
    with managed(
        f"writing storage account {account.account_name}", account, CONTRIBUTOR, credential, endpoint
    ) as azure:
        is_there = exists(azure)
        found = _differences(azure, wanted, is_there=is_there)
        if refusal := _conversion(found) if is_there else _creation(azure, account):
            raise PlatformError(f"{azure.doing}: {refusal} Nothing was changed.")
        for difference in found:
            progress(f"writing {difference.title} of storage account {account.account_name}")
            PARTS[difference.part].write(azure, account, difference.wanted)
        if left := _differences(azure, wanted, is_there=exists(azure)):
            raise PlatformError(
                f"{azure.doing}: {', '.join(difference.title for difference in left)}: Azure has another value than "
                "the one that was written. Does a policy of the subscription change it?"
            )
        if missing := missing_role(azure, account):
            raise PlatformError(f"{azure.doing}: {missing}")


def _differences(azure: Managed, wanted: State, *, is_there: bool) -> list[Difference]:
    """Return the parts that differ. An earlier version of logops rendered fewer parts."""
    parts = {name: part for name, part in PARTS.items() if name in wanted}
    live = {name: part.read(azure, wanted[name]) if is_there else None for name, part in parts.items()}
    return [Difference(name, live[name], wanted[name]) for name in parts if live[name] != wanted[name]]


def _creation(azure: Managed, account: StorageAccount) -> str:
    """Return why an account cannot be created; empty if it can."""
    if account.location is None:
        return (
            f"there is no such account in resource group {azure.group}. Create it, correct resource_id, or set "
            "location: then logops creates it."
        )
    answer = azure.client.storage_accounts.check_name_availability({"name": azure.name})
    if not answer.name_available:
        return f"the name cannot be used: {answer.message} Choose another account_name."
    return ""


def _conversion(found: Sequence[Difference]) -> str:
    """Return why an existing account cannot be changed: it has another redundancy. Empty if it can."""
    for difference in found:
        if difference.part == "settings" and difference.live["sku"] != difference.wanted["sku"]:
            return (
                f"it is {difference.live['sku']}, and the environment wants {difference.wanted['sku']}. Azure converts "
                "accounts in days, not by an update: convert it first, or correct `redundancy`."
            )
    return ""
