"""Read and write storage accounts through Azure's management API: lifecycle policies and containers."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from logops.clients.blob_storage import ObjectStoreMisconfiguredError, ObjectStoreRefusedError
from logops.clients.blob_storage.azure_errors import translated
from logops.clients.blob_storage.identity import machine_identity, require_identity
from logops.environment.storage import StorageAccount

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

AZURE = "https://management.azure.com"
_READER = "Reader"
_CONTRIBUTOR = "Storage Account Contributor"
_NO_POLICY = "ManagementPolicyNotFound"


def read_live_policy(
    account: StorageAccount, credential: "TokenCredential | None" = None, endpoint: str = AZURE
) -> dict[str, Any]:
    """Return `{rules: [...]}`; no rules if the account has no policy.

    Source: learn.microsoft.com/rest/api/storagerp/management-policies/get. The default credential is this machine's
    identity. It needs the role Reader on the account. Raises ObjectStoreError.
    """
    doing = f"reading the lifecycle policy of storage account {account.account_name}"
    try:
        with _managed(doing, account, _READER, credential, endpoint) as (client, group, name):
            policy = client.management_policies.get(group, name, "default")
    except ObjectStoreRefusedError as error:
        if error.code == _NO_POLICY:
            return {"rules": []}
        raise
    return dict(policy.as_dict()["properties"]["policy"])


def write_account(
    account: StorageAccount,
    state: Mapping[str, Any],
    credential: "TokenCredential | None" = None,
    endpoint: str = AZURE,
) -> None:
    """Create the containers of an account, and replace its lifecycle policy. Existing containers are not touched.

    state   `{containers, lifecycle}`, as the stage `storage` renders it

    The identity needs the role Storage Account Contributor on the account. Raises ObjectStoreError.
    """
    doing = f"writing containers and lifecycle policy of storage account {account.account_name}"
    with _managed(doing, account, _CONTRIBUTOR, credential, endpoint) as (client, group, name):
        for container in state["containers"]:
            client.blob_containers.create(group, name, container, {})
        if state["lifecycle"]["rules"]:
            policy = {"properties": {"policy": dict(state["lifecycle"])}}
            client.management_policies.create_or_update(group, name, "default", policy)


@contextmanager
def _managed(
    doing: str, account: StorageAccount, role: str, credential: "TokenCredential | None", endpoint: str
) -> Iterator[tuple[Any, str, str]]:
    """Yield a client, the resource group and the name of an account."""
    if account.resource_id is None:
        raise ObjectStoreMisconfiguredError(
            f"{doing}: the account has no resource_id in the environment file, and the management API requires it. Set "
            "it to the output of `az storage account show --name NAME --query id`."
        )
    require_identity(doing, credential)
    # The import takes seconds.
    from azure.mgmt.storage import StorageManagementClient

    _, _, subscription, _, group, *_, name = account.resource_id.split("/")
    with (
        translated(doing, role),
        StorageManagementClient(
            credential or machine_identity(), subscription, base_url=endpoint, retry_total=5
        ) as client,
    ):
        yield client, group, name
