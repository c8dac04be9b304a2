"""Azure storage accounts: login, containers, lifecycle rules and inventory."""

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
"""The output of `az storage account show --query id`."""

SubnetId = Annotated[
    str,
    Field(
        pattern=r"^/subscriptions/[0-9a-fA-F-]{36}/resourceGroups/[^/]{1,90}"
        r"/providers/Microsoft\.Network/virtualNetworks/[^/]{1,64}/subnets/[^/]{1,80}$"
    ),
]
"""The output of `az network vnet subnet show --query id`."""

WorkspaceId = Annotated[
    str,
    Field(
        pattern=r"^/subscriptions/[0-9a-fA-F-]{36}/resourceGroups/[^/]{1,90}"
        r"/providers/Microsoft\.OperationalInsights/workspaces/[^/]{1,63}$"
    ),
]
"""The output of `az monitor log-analytics workspace show --query id`."""

Days = Annotated[int, Field(ge=0, le=99999)]


class LifecycleRule(Model):
    """A rule of an Azure lifecycle policy for base blobs, in days since the last modification.

    logops derives the rules for Loki's chunks from the tenants' retention. Declare here rules for other blobs.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,254}$")]
    container: ContainerName
    prefix: str = ""
    """Prefix of blob names in the container; empty: all blobs of the container."""
    cool_after: Days | None = None
    cold_after: Days | None = None
    archive_after: Days | None = None
    delete_after: Days | None = None

    @model_validator(mode="after")
    def _has_an_action(self) -> "LifecycleRule":
        if (self.cool_after, self.cold_after, self.archive_after, self.delete_after) == (None,) * 4:
            raise ValueError(
                "the rule has no action, which Azure refuses: set cool_after, cold_after, archive_after or delete_after"
            )
        return self


class Inventory(Model):
    """Azure's Blob Inventory of an account. The audits read it instead of listing all blobs."""

    container: ContainerName
    """Container to which Azure writes the inventory."""
    rule: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,62}$")]
    """Name of the inventory rule. It must run daily, write Parquet or CSV, and include all containers with logs."""


class StorageNetwork(Model):
    """Who may connect to an account: these, and Azure's own trusted services."""

    subnets: tuple[SubnetId, ...] = ()
    """Subnets with the service endpoint Microsoft.Storage."""
    addresses: tuple[Annotated[str, Field(pattern=r"^[0-9]{1,3}(\.[0-9]{1,3}){3}(/([0-9]|[12][0-9]|30))?$")], ...] = ()
    """Public addresses or ranges. Azure takes no /31 and no /32."""


class StorageAccount(Model):
    """A storage account and the login for it."""

    account_name: Annotated[str, Field(pattern=r"^[a-z0-9]{3,24}$")]
    account_key: SecretRef | None = None
    workload_identity_client_id: str | None = None
    """Client id of the managed identity that is federated with the pods' service account."""
    principal_id: Annotated[str, Field(pattern=r"^[0-9a-fA-F-]{36}$")] | None = None
    """Object id of that identity, to check its role: `az identity show --query principalId`. Null: not checked."""
    resource_id: ResourceId | None = None
    """Id in Azure's management API. The local platform does not need it."""
    location: Annotated[str, Field(pattern=r"^[a-z0-9]+$")] | None = None
    """Region in which a rollout creates the account, for example eastus2. Null: the account must exist."""
    managed_by: Literal["logops", "terraform"] = "logops"
    """Who writes the account's settings, containers and policies. `terraform`: logops renders a module for it, and a
    rollout only compares."""
    soft_delete_days: Annotated[int, Field(ge=1, le=365)] | None = 7
    """How long Azure keeps deleted blobs and containers, to restore them. Null: not at all."""
    versioning: bool = False
    """Whether Azure keeps the earlier content of changed blobs. Not for accounts with chunks."""
    network: StorageNetwork | None = None
    """Null: every address may connect. A login is always needed."""
    diagnostics: WorkspaceId | None = None
    """Log Analytics workspace that gets a record of each read, write and delete. Null: none."""
    endpoint_suffix: str = "blob.core.windows.net"
    """The local platform ignores it: its accounts are on Azurite."""
    redundancy: Literal["LRS", "ZRS", "GRS", "GZRS", "RA-GRS", "RA-GZRS"] = "ZRS"
    containers: tuple[ContainerName, ...]
    lifecycle: tuple[LifecycleRule, ...] = ()
    inventory: Inventory | None = None
    """Null: the audits list the blobs."""

    @model_validator(mode="after")
    def _terraform_knows_the_place(self) -> "StorageAccount":
        if self.managed_by == "terraform" and (self.resource_id is None or self.location is None):
            raise ValueError("managed_by: Terraform needs resource_id and location. Set both")
        return self

    @model_validator(mode="after")
    def _exactly_one_login(self) -> "StorageAccount":
        if (self.account_key is None) == (self.workload_identity_client_id is None):
            raise ValueError("set exactly one login: account_key or workload_identity_client_id")
        return self


StorageAccounts = dict[Name, StorageAccount]
