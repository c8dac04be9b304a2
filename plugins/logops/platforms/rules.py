"""Read and write the rules that a ruler stores."""

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

import yaml

from logops.clients.loki import LokiClient, LokiError
from logops.environment import Environment
from logops.platforms.platform import PlatformError, Progress
from logops.render.rules import namespace_text

Owner = tuple[str, str]
"""Cluster and tenant."""


def read_rules(client: LokiClient, environment: str, owner: Owner) -> dict[str, str]:
    """Return all rules of a tenant as files of the stage `rules`, including rules that a person stored by hand.

    Raises PlatformError.
    """
    try:
        return {
            f"{_folder(owner)}{namespace}.yaml": namespace_text(environment, _mappings(groups))
            for namespace, groups in client.rule_groups(owner[1]).items()
        }
    except LokiError as error:
        raise PlatformError(str(error)) from error


def write_rules(
    client: LokiClient, owner: Owner, live: Mapping[str, str], desired: Mapping[str, str], progress: Progress
) -> None:
    """Store the groups that differ, and delete the groups that are not desired.

    Raises PlatformError with Loki's message. If Loki refuses a group, the groups before it stay stored: the caller must
    roll back.
    """
    _, tenant = owner
    for name in files_of(owner, (*live, *desired)):
        namespace = PurePosixPath(name).stem
        before, after = _by_name(live.get(name)), _by_name(desired.get(name))
        try:
            for group in sorted(after):
                if before.get(group) != after[group]:
                    progress(f"storing the rules {tenant}/{namespace}/{group}")
                    client.set_rule_group(tenant, namespace, after[group])
            for group in sorted(before.keys() - after.keys()):
                progress(f"deleting the rules {tenant}/{namespace}/{group}")
                client.delete_rule_group(tenant, namespace, group)
        except LokiError as error:
            raise PlatformError(str(error)) from error


def declared_owners(environment: Environment, files: Iterable[str]) -> list[Owner]:
    """Return the tenants of all clusters of an environment, and former tenants that still have rules in `files`."""
    clusters = environment.clusters
    declared = {(name, tenant) for name, cluster in clusters.items() for tenant in cluster.tenants}
    stored = {(parts[1], parts[2]) for parts in (PurePosixPath(name).parts for name in files)}
    return sorted(owner for owner in declared | stored if owner[0] in clusters)


def files_of(owner: Owner, files: Iterable[str]) -> list[str]:
    """Return a tenant's files among a stage's files."""
    return sorted({name for name in files if name.startswith(_folder(owner))})


def _folder(owner: Owner) -> str:
    return f"rules/{owner[0]}/{owner[1]}/"


def _by_name(text: str | None) -> dict[str, dict[str, Any]]:
    groups = yaml.safe_load(text)["groups"] if text else []
    return {group["name"]: group for group in groups}


def _mappings(groups: object) -> list[Mapping[str, Any]]:
    return [group for group in groups if isinstance(group, Mapping)] if isinstance(groups, list) else []
