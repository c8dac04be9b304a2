"""The storage accounts of an environment, with one login to the management API."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from logops.clients.blob_storage import ObjectStoreError
from logops.environment.storage import StorageAccount, StorageAccounts
from logops.findings.classes.rollout import PLAN_UNKNOWN
from logops.platforms.azure.account import compare_account, write_account
from logops.platforms.azure.management import AZURE
from logops.platforms.azure.preview import account_preview, subject
from logops.platforms.platform import PlatformError, Progress
from logops.platforms.preview import Mark, Preview, joined
from logops.render import Files

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_PARALLEL = 4


@dataclass(frozen=True)
class AzureAccounts:
    """Reads, compares and writes the storage accounts of an environment."""

    declared: StorageAccounts
    credential: "TokenCredential | None" = None
    """Default: this machine's identity."""
    endpoint: str = AZURE
    """Address of the management API; default: the public cloud's."""

    def preview(self, files: Files) -> Preview:
        """Return what an apply of the files of the stage `storage` would change. Changes nothing."""
        with ThreadPoolExecutor(_PARALLEL) as pool:
            return joined(*pool.map(lambda each: self._preview(*each), self._states(files)))

    def write(self, files: Files, progress: Progress) -> None:
        """Write each account as in the files, except those of Terraform. Raises PlatformError."""
        for _, account, state in self._states(files):
            if account.managed_by == "terraform":
                progress(f"storage account {account.account_name} is compared only: Terraform writes it")
                continue
            progress(f"comparing storage account {account.account_name}")
            try:
                write_account(account, state, self.credential, self.endpoint, progress)
            except ObjectStoreError as error:
                raise PlatformError(str(error)) from error

    def _states(self, files: Files) -> Iterator[tuple[str, StorageAccount, Mapping[str, Any]]]:
        for name, account in self.declared.items():
            if text := files.get(f"storage/{name}.yaml"):
                yield name, account, yaml.safe_load(text)

    def _preview(self, name: str, account: StorageAccount, state: Mapping[str, Any]) -> Preview:
        try:
            comparison = compare_account(account, state, self.credential, self.endpoint)
        except ObjectStoreError as error:
            return Preview(marks=[Mark(PLAN_UNKNOWN, subject(name), str(error), "always")])
        return account_preview(name, account, comparison)
