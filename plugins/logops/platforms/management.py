"""Read a storage account's lifecycle policy from Azure's management API."""

from typing import TYPE_CHECKING, Any

from logops.clients.blob_storage import ObjectStoreMisconfiguredError, ObjectStoreRefusedError
from logops.clients.blob_storage.azure_errors import translated
from logops.clients.blob_storage.identity import machine_identity, require_identity
from logops.environment.storage import StorageAccount

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

AZURE = "https://management.azure.com"
_ROLE = "Reader"
_NO_POLICY = "ManagementPolicyNotFound"


def read_live_policy(
    account: StorageAccount, credential: "TokenCredential | None" = None, endpoint: str = AZURE
) -> dict[str, Any]:
    """Return `{rules: [...]}`; no rules if the account has no policy.

    Source: learn.microsoft.com/rest/api/storagerp/management-policies/get. The default credential is this machine's
    identity. It needs the role Reader on the account. Raises ObjectStoreError.
    """
    doing = f"reading the lifecycle policy of storage account {account.account_name}"
    if account.resource_id is None:
        raise ObjectStoreMisconfiguredError(
            f"{doing}: the account has no resource_id in the environment file, and the management API requires it. Set "
            "it to the output of `az storage account show --name NAME --query id`."
        )
    require_identity(doing, credential)
    # The import takes seconds.
    from azure.mgmt.storage import StorageManagementClient

    _, _, subscription, _, group, *_, name = account.resource_id.split("/")
    try:
        with (
            translated(doing, _ROLE),
            StorageManagementClient(
                credential or machine_identity(), subscription, base_url=endpoint, retry_total=5
            ) as client,
        ):
            policy = client.management_policies.get(group, name, "default")
    except ObjectStoreRefusedError as error:
        if error.code == _NO_POLICY:
            return {"rules": []}
        raise
    return dict(policy.as_dict()["properties"]["policy"])
