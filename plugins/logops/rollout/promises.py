"""Read what an environment's files promise to the owners of logs: how long they are kept, in which tier, under which
limits. Pure: the same functions read live and desired files.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import yaml

from logops.audit.policy.retention import FOR_EVER, TenantRules, rules_of_limits

DEFAULT = ""
"""In place of a tenant's name: every tenant without its own limits."""
_RETENTION = ("retention_period", "retention_stream")


class UnreadablePromisesError(ValueError):
    """A file does not have the content that Loki or Azure requires."""


@dataclass(frozen=True)
class ClusterPromises:
    """The promises of one cluster. Keys are tenants; `DEFAULT` has the values of all other tenants."""

    retention: Mapping[str, TenantRules]
    limits: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Limits other than retention, as text. A tenant has only the limits that it sets itself."""
    copies: int | None = None
    """Ingesters that get each line; None if it is not set."""

    def retention_of(self, tenant: str) -> TenantRules:
        return self.retention.get(tenant, self.retention[DEFAULT])


def clusters_in(files: Mapping[str, str]) -> list[str]:
    """Return the clusters that have a Loki configuration among the files."""
    return [name.removeprefix("loki/").removesuffix(".yaml") for name in sorted(files) if _is_cluster(name)]


def cluster_promises(files: Mapping[str, str], cluster: str) -> ClusterPromises:
    """Return the promises of a cluster. Raises UnreadablePromisesError.

    A tenant's limits replace those of `limits_config` one by one (pkg/validation/limits.go, UnmarshalYAML).
    """
    config = _mapping(files, f"loki/{cluster}.yaml")
    base = config.get("limits_config") or {}
    overrides = _mapping(files, f"tenants/{cluster}.yaml").get("overrides") or {}
    deletes = (config.get("compactor") or {}).get("retention_enabled") is True
    try:
        limits = {DEFAULT: base, **{tenant: tenant_limits or {} for tenant, tenant_limits in overrides.items()}}
        return ClusterPromises(
            {
                tenant: rules_of_limits({**base, **tenant_limits}) if deletes else TenantRules(FOR_EVER)
                for tenant, tenant_limits in limits.items()
            },
            {
                tenant: {name: _text(value) for name, value in tenant_limits.items() if name not in _RETENTION}
                for tenant, tenant_limits in limits.items()
            },
            (config.get("common") or {}).get("replication_factor"),
        )
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise UnreadablePromisesError(f"the limits of cluster {cluster} cannot be read: {error}") from None


def lifecycle_actions(files: Mapping[str, str]) -> dict[tuple[str, str], dict[str, int]]:
    """Return the actions of all lifecycle rules: (account, prefix) -> `{"tierToCool": 30, "delete": 400}`, in days.

    Raises UnreadablePromisesError.
    """
    actions: dict[tuple[str, str], dict[str, int]] = {}
    for account, name in sorted(_account_files(files).items()):
        try:
            for rule in (_mapping(files, name).get("lifecycle") or {}).get("rules", ()):
                definition = rule["definition"]
                for prefix in definition["filters"]["prefixMatch"]:
                    actions[account, prefix] = {
                        action: int(condition["daysAfterModificationGreaterThan"])
                        for action, condition in definition["actions"]["baseBlob"].items()
                    }
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise UnreadablePromisesError(f"the lifecycle rules in {name} cannot be read: {error}") from None
    return actions


def collected_sources(files: Mapping[str, str]) -> dict[str, str]:
    """Return the sources whose logs agents collect, with their tenants. Raises UnreadablePromisesError."""
    sources: dict[str, str] = {}
    for name in files:
        if name.startswith("agents/") and name.endswith(".yaml"):
            try:
                for job in _mapping(files, name).get("scrape_configs") or ():
                    stages = [stage["tenant"] for stage in job["pipeline_stages"] if "tenant" in stage]
                    tenants = [stage["value"] for stage in stages if "value" in stage]
                    sources[job["job_name"]] = tenants[-1] if tenants else ""
            except (AttributeError, LookupError, TypeError) as error:
                raise UnreadablePromisesError(f"the sources in {name} cannot be read: {error}") from None
    return sources


def chunk_owners(files: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """Return which cluster stores its chunks where: (account, container) -> cluster. Unreadable files are left out."""
    owners: dict[tuple[str, str], str] = {}
    try:
        accounts = {_mapping(files, name).get("account"): account for account, name in _account_files(files).items()}
        for cluster in clusters_in(files):
            azure = _mapping(files, f"loki/{cluster}.yaml")["storage_config"]["object_store"]["azure"]
            if account := accounts.get(azure["account_name"]):
                owners[account, azure["container_name"]] = cluster
    except (LookupError, TypeError, UnreadablePromisesError):
        return {}
    return owners


def _is_cluster(name: str) -> bool:
    # On Kubernetes, folders below have Helm values, manifests and secrets.
    path = PurePosixPath(name)
    return str(path.parent) == "loki" and path.suffix == ".yaml"


def _mapping(files: Mapping[str, str], name: str) -> dict[str, Any]:
    try:
        data = yaml.safe_load(files.get(name, "")) or {}
    except yaml.YAMLError as error:
        raise UnreadablePromisesError(f"{name} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(data, dict):
        raise UnreadablePromisesError(f"{name} is not a mapping")
    return data


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _account_files(files: Mapping[str, str]) -> dict[str, str]:
    """Return storage account -> name of its file."""
    paths = (PurePosixPath(name) for name in files)
    return {path.stem: str(path) for path in paths if str(path.parent) == "storage" and path.suffix == ".yaml"}
