"""Check that the identity of Loki's pods may use its storage account."""

from logops.environment.storage import StorageAccount
from logops.platforms.azure.management import Managed

NEEDED = "Storage Blob Data Contributor"
_ENOUGH = {"ba92f5b4-2d11-453d-a403-e96b0029c9fe", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"}
"""Ids of Storage Blob Data Contributor and Owner, the same in every tenant.

Source: learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage.
"""


def missing_role(azure: Managed, account: StorageAccount) -> str | None:
    """Return what to do if the identity lacks its role; None if it has the role, or the account names no identity.

    Roles of its groups count, and roles on the resource group and the subscription.
    """
    if account.principal_id is None:
        return None
    answer = azure.send(
        "GET",
        "providers/Microsoft.Authorization/roleAssignments",
        "2022-04-01",
        params={"$filter": f"atScope() and assignedTo('{account.principal_id}')"},
    )
    roles = {assignment["properties"]["roleDefinitionId"].rpartition("/")[2] for assignment in answer["value"]}
    if roles & _ENOUGH:
        return None
    return (
        f"identity {account.principal_id} has no role {NEEDED} on the account, so Loki could not store anything. Run "
        f"`az role assignment create --assignee-object-id {account.principal_id} --assignee-principal-type "
        f"ServicePrincipal --role '{NEEDED}' --scope {account.resource_id}`"
    )
