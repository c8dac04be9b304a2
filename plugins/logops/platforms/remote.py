"""An environment that runs elsewhere, on Kubernetes and Azure: read, as audits and queries do, and never changed."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from logops.clients.blob_storage import AccountKey, DefaultIdentity, ObjectStore
from logops.environment import Environment
from logops.environment.storage import StorageAccount
from logops.platforms.management import AZURE, read_live_policy
from logops.platforms.platform import PlatformError, ProcessStatus, Progress, Revision
from logops.render import Files, Stage
from logops.render.addresses import kubernetes_read_url, kubernetes_urls

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


def refusal(environment: Environment) -> PlatformError:
    """What is said to whoever wants to change it."""
    return PlatformError(
        f"Environment {environment.name!r} is for {environment.platform.kind}. "
        "This version rolls out to the local platform only; `logops check` and `logops render` work for all."
    )


class RemotePlatform:
    """`Platform`, as far as it only reads. Everything else raises PlatformError.

    Storage accounts are logged in to as the environment declares: with the account's key, or as whoever this machine is
    to Azure, which then needs the role Storage Blob Data Reader on the account, and Reader for its lifecycle policy.
    """

    def __init__(
        self, environment: Environment, *, management: str = AZURE, credential: "TokenCredential | None" = None
    ) -> None:
        """`management` is the address of Azure's management API, where it is not the public cloud's."""
        self.environment = environment
        self._management = management
        self._credential = credential

    def urls(self, cluster: str) -> Mapping[str, str]:
        return kubernetes_urls(self.environment, cluster)

    def read_url(self, cluster: str) -> str:
        return kubernetes_read_url(self.environment, cluster)

    def lifecycle_policy(self, account: str) -> Mapping[str, Any]:
        """Raises ObjectStoreError."""
        return read_live_policy(self.environment.storage_accounts[account], self._credential, self._management)

    def object_store(self, account: str) -> ObjectStore:
        """Raises PlatformError where the account's key is not known here."""
        declared = self.environment.storage_accounts[account]
        return ObjectStore.connect(declared.account_name, self._login(account, declared), self.endpoint(declared))

    def endpoint(self, account: StorageAccount) -> str:
        """Address of an account's blobs."""
        return f"https://{account.account_name}.{account.endpoint_suffix}"

    def _login(self, name: str, account: StorageAccount) -> AccountKey | DefaultIdentity:
        if account.account_key is None:
            return DefaultIdentity()
        key = os.environ.get(account.account_key.variable)
        if not key:
            raise PlatformError(
                f"storage_accounts.{name}.account_key of {self.environment.name!r}: {account.account_key} is not known "
                f"here. Set the variable {account.account_key.variable}."
            )
        return AccountKey(key)

    # What would change something, or see how it was changed

    def desired(self) -> dict[Stage, Files]:
        self._refuse()

    def live(self, stage: Stage) -> Files:
        self._refuse()

    def apply(self, stage: Stage, files: Files, owner: str, progress: Progress) -> Revision:
        self._refuse()

    def revisions(self, stage: Stage) -> list[Revision]:
        self._refuse()

    def roll_back(self, stage: Stage, owner: str, progress: Progress) -> Revision | None:
        self._refuse()

    def hold(self, owner: str) -> None:
        self._refuse()

    def release(self, owner: str) -> None:
        self._refuse()

    def processes(self) -> list[ProcessStatus]:
        self._refuse()

    def last_lines(self, process: str, count: int = 20) -> list[str]:
        self._refuse()

    def write_url(self, cluster: str) -> str:
        self._refuse()

    def ruler_url(self, cluster: str) -> str:
        self._refuse()

    def prometheus_url(self, cluster: str) -> str | None:
        self._refuse()

    def write_line(self, source: str, text: str) -> None:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise refusal(self.environment)
