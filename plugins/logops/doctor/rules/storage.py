"""Rules for Azure storage: the containers and accounts that a cluster uses."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from logops.doctor.deployment import Cluster, Deployment, Location
from logops.doctor.rules.rule import RuleFinding
from logops.findings.classes import doctor as classes

_SECTIONS = {
    "storage_config.azure": "chunks",
    "storage_config.object_store.azure": "chunks",
    "common.storage.azure": "chunks",
    "common.storage.object_store.azure": "chunks",
    "ruler.storage.azure": "ruler",
    "ruler_storage.azure": "ruler",
}
"""Sections with Azure settings -> what Loki stores there."""

_SHARED = ("common.storage.azure", "common.storage.object_store.azure")


_ACCOUNT_NAME = re.compile(r"(?:^|;)\s*AccountName=([^;]+)|^(\$\{\w+\})$")
"""The parts of a connection string that may be shown: the account, or the variable. Never the key."""


@dataclass(frozen=True, slots=True)
class ConfiguredContainer:
    """A container with a cluster's chunks or rules."""

    use: str
    name: str
    account: str | None
    """The configured text, with `${VARIABLES}`; "" if a connection string does not name it; None if it is not set."""
    location: Location
    account_location: Location
    """Location of the account, or the location at which it could be set."""


def containers(cluster: Cluster) -> Iterator[ConfiguredContainer]:
    """Yield the containers that a cluster's configuration names."""
    for path, use in _SECTIONS.items():
        section = cluster.section(path)
        if section.get("container_name"):
            accounts = [_account(s) for s in (section, *(cluster.section(shared) for shared in _SHARED))]
            account = next((name for name in accounts if name is not None), None)
            name, location = str(section["container_name"]), cluster.at(f"{path}.container_name")
            yield ConfiguredContainer(use, name, account, location, cluster.at(f"{path}.account_name"))


def storage_account_missing(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report Azure settings without an account and without a connection string, there and in common.storage."""
    for cluster in deployment.clusters:
        for container in containers(cluster):
            if container.account is None:
                yield RuleFinding(
                    classes.STORAGE_ACCOUNT_MISSING,
                    container.account_location,
                    f"{container.location.path} names container {container.name!r},"
                    f" but {container.account_location.path} is not set",
                    cluster=cluster.name,
                )


def security_data_shared(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report security logs on an account that other clusters use, or in the same container if no account is named."""
    other_containers = [c for cluster in deployment.clusters if not cluster.security for c in containers(cluster)]
    for cluster in (cluster for cluster in deployment.clusters if cluster.security):
        for container in containers(cluster):
            shared = [
                other_container for other_container in other_containers if _same_account(container, other_container)
            ]
            if shared:
                storage = f"account {container.account}" if container.account else f"container {container.name}"
                yield RuleFinding(
                    classes.SECURITY_DATA_SHARED,
                    container.account_location if container.account else container.location,
                    f"security logs are stored in {storage}, which is also used by"
                    f" {shared[0].location.file} ({shared[0].location.path})",
                    cluster=cluster.name,
                    evidence={"shared_containers": len(shared)},
                )


def _same_account(container: ConfiguredContainer, other_container: ConfiguredContainer) -> bool:
    if container.account or other_container.account:
        return container.account == other_container.account
    return container.name == other_container.name


def _account(section: Mapping[str, Any]) -> str | None:
    if section.get("account_name"):
        return str(section["account_name"])
    if section.get("connection_string"):
        match = _ACCOUNT_NAME.search(str(section["connection_string"]))
        return (match[1] or match[2]) if match else ""
    return None
