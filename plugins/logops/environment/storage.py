"""Azure storage accounts: who they are, how to reach them, what lies in them, when it changes tier."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from logops.environment.base import Model, Name, SecretRef

ContainerName = Annotated[str, Field(pattern=r"^[a-z0-9](-?[a-z0-9]){2,62}$")]
"""3 to 63 lower-case letters, digits and single hyphens: Azure's rule for container names."""

ResourceId = Annotated[
    str,
    Field(
        pattern=r"^/subscriptions/[0-9a-fA-F-]{36}/resourceGroups/[^/]{1,90}"
        r"/providers/Microsoft\.Storage/storageAccounts/[a-z0-9]{3,24}$"
    ),
]
"""What `az storage account show --query id` prints."""

Days = Annotated[int, Field(ge=0, le=99999)]


class LifecycleRule(Model):
    """One rule of an Azure lifecycle policy, for base blobs, in days since last modification.

    Rules for Loki's chunks are derived from the tenants' retention; declare here what else lies in the account.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,254}$")]
    container: ContainerName
    prefix: str = ""
    """Of blob names inside the container; empty means the whole container."""
    cool_after: Days | None = None
    cold_after: Days | None = None
    archive_after: Days | None = None
    delete_after: Days | None = None


class Inventory(Model):
    """Where Azure's Blob Inventory of an account lies: it tells of all blobs, so that none need be listed."""

    container: ContainerName
    """That the service writes it to."""
    rule: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,62}$")]
    """Name of the inventory rule: one of all blobs of the containers with logs, daily, as Parquet or CSV."""


class StorageAccount(Model):
    """A storage account and the one way to log in to it."""

    account_name: Annotated[str, Field(pattern=r"^[a-z0-9]{3,24}$")]
    account_key: SecretRef | None = None
    workload_identity_client_id: str | None = None
    """Client id of the managed identity that the pods' service account is federated with."""
    resource_id: ResourceId | None = None
    """Where Azure's management API has it; the live lifecycle policy is read there. The local platform needs none."""
    endpoint_suffix: str = "blob.core.windows.net"
    """Ignored by the local platform, whose accounts live on Azurite."""
    redundancy: Literal["LRS", "ZRS", "GRS", "GZRS", "RA-GRS", "RA-GZRS"] = "ZRS"
    containers: tuple[ContainerName, ...]
    lifecycle: tuple[LifecycleRule, ...] = ()
    inventory: Inventory | None = None
    """None: the audits list the blobs."""

    @model_validator(mode="after")
    def _exactly_one_login(self) -> "StorageAccount":
        if (self.account_key is None) == (self.workload_identity_client_id is None):
            raise ValueError("log in by exactly one of: account_key, workload_identity_client_id")
        return self


StorageAccounts = dict[Name, StorageAccount]
