"""Read the lifecycle policy of a storage account through Azure's management API."""

from typing import TYPE_CHECKING, Any

from logops.environment.storage import StorageAccount
from logops.platforms.azure.management import AZURE, found, managed

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


def read_live_policy(
    account: StorageAccount, credential: "TokenCredential | None" = None, endpoint: str = AZURE
) -> dict[str, Any]:
    """Return `{rules: [...]}`; no rules if the account has no policy.

    Source: learn.microsoft.com/rest/api/storagerp/management-policies/get. The default credential is this machine's
    identity. It needs the role Reader on the account. Raises ObjectStoreError.
    """
    doing = f"reading the lifecycle policy of storage account {account.account_name}"
    with managed(doing, account, "Reader", credential, endpoint) as azure:
        policy = found(lambda: azure.client.management_policies.get(azure.group, azure.name, "default"))
    return dict(policy["properties"]["policy"]) if policy else {"rules": []}
