"""Storage: a blob is written, read, tiered and deleted in each container."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from logops.platforms.platform import DeployablePlatform
from logops.rollout.verifications.verification import Verification

if TYPE_CHECKING:
    from logops.clients.blob_storage import ObjectStore


def verifications(platform: DeployablePlatform) -> Iterator[Verification]:
    for name, account in platform.environment.storage_accounts.items():
        store = platform.object_store(name)
        for container in account.containers:
            yield Verification(
                "blob-written-read-tiered-deleted", f"{name}/{container}", partial(_probe, store, container)
            )


def _probe(store: "ObjectStore", container: str) -> str:
    store.probe(container)
    return "written, read back, set to Cool, deleted"
