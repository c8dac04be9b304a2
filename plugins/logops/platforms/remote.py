"""A platform that is only read: an environment on Kubernetes and Azure."""

import os
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from logops.clients.blob_storage import AccountKey, DefaultIdentity, ObjectStore
from logops.clients.blob_storage.identity import require_identity
from logops.environment import Environment
from logops.environment.cluster import Data
from logops.environment.storage import StorageAccount
from logops.platforms.azure.accounts import AzureAccounts
from logops.platforms.azure.management import AZURE
from logops.platforms.management import read_live_policy
from logops.platforms.platform import PlatformError
from logops.platforms.pods import pod_urls
from logops.platforms.preview import Preview
from logops.render import Files
from logops.render.addresses import (
    kubernetes_alertmanager_urls,
    kubernetes_distributors_url,
    kubernetes_read_url,
    kubernetes_urls,
)
from logops.render.kubernetes.platform import kubernetes_platform

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


class RemotePlatform:
    """A `ReadablePlatform` for Kubernetes and Azure.

    It logs in to storage accounts as the environment declares: with the account's key, or with an Azure identity. That
    identity needs the role Storage Blob Data Reader on the account, and Reader for its lifecycle policy.
    """

    def __init__(
        self, environment: Environment, *, management: str = AZURE, credential: "TokenCredential | None" = None
    ) -> None:
        """Create the platform.

        management   address of Azure's management API; default: the public cloud's
        credential   login to Azure; default: this machine's identity
        """
        self.environment = environment
        self._management = management
        self._credential = credential
        self._accounts = AzureAccounts(environment.storage_accounts, credential, management)

    def urls(self, cluster: str) -> Mapping[str, str]:
        return kubernetes_urls(self.environment, cluster)

    def read_url(self, cluster: str) -> str:
        return kubernetes_read_url(self.environment, cluster)

    def distributor_urls(self, cluster: str) -> Mapping[str, str]:
        return pod_urls(f"{cluster}-distributor", kubernetes_distributors_url(self.environment, cluster))

    def agent_urls(self, cluster: str) -> Mapping[str, str]:
        urls: dict[str, str] = {}
        for name, agent in self.environment.agents.items():
            clusters = {self.environment.sources[source].cluster for source in agent.sources}
            if agent.metrics_url and cluster in clusters:
                urls |= pod_urls(f"{name}-{cluster}", agent.metrics_url)
        return urls

    def salt_secret(self) -> str | None:
        ref = self.environment.quality.salt
        return os.environ.get(ref.variable) if ref else None

    def alertmanager_urls(self, audience: Data) -> tuple[str, ...]:
        return kubernetes_alertmanager_urls(self.environment, audience)

    def rollout_since(self) -> datetime | None:
        """Return since when a rollout changes this environment. None also if the cluster cannot be asked.

        A cluster is not waited for: alerts are sent meanwhile, and none of them is muted.
        """
        # The client of Kubernetes is large, and reading needs it for nothing else.
        from logops.platforms.kubernetes.access import find_access
        from logops.platforms.kubernetes.api import Api
        from logops.platforms.kubernetes.lease import ClusterLease

        namespace = kubernetes_platform(self.environment).namespace
        try:
            return ClusterLease(Api(find_access(), retry_for_s=0), namespace, self.environment.name).since()
        except PlatformError:
            return None

    def lifecycle_policy(self, account: str) -> Mapping[str, Any]:
        """Return the live policy. Raises ObjectStoreError."""
        return read_live_policy(self.environment.storage_accounts[account], self._credential, self._management)

    def preview_accounts(self, files: Files) -> Preview:
        """Return what an apply of the files of the stage `storage` would change at storage accounts. Changes nothing.

        An account that cannot be compared is a mark. It needs the role Reader.
        """
        return self._accounts.preview(files)

    def object_store(self, account: str) -> ObjectStore:
        """Return a client of the account.

        Raises PlatformError if the account's key is not known here, ObjectStoreError if this machine has no Azure
        identity.
        """
        declared = self.environment.storage_accounts[account]
        return ObjectStore.connect(declared.account_name, self._login(account, declared), self.endpoint(declared))

    def endpoint(self, account: StorageAccount) -> str:
        """Return the address of an account's blobs."""
        return f"https://{account.account_name}.{account.endpoint_suffix}"

    def _login(self, name: str, account: StorageAccount) -> AccountKey | DefaultIdentity:
        if account.account_key is None:
            require_identity(f"logging in to storage account {account.account_name}", self._credential)
            return DefaultIdentity(self._credential)
        key = os.environ.get(account.account_key.variable)
        if not key:
            raise PlatformError(
                f"storage_accounts.{name}.account_key of {self.environment.name!r}: {account.account_key} is not known "
                f"here. Set the variable {account.account_key.variable}."
            )
        return AccountKey(key)
