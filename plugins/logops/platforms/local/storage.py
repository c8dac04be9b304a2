"""The containers and lifecycle policies of storage accounts on Azurite."""

from collections.abc import Callable, Collection
from typing import Any

import yaml

from logops.clients.blob_storage import ObjectStore, ObjectStoreError
from logops.environment import Environment
from logops.platforms.platform import PlatformError, Progress
from logops.render.files import to_yaml


def create_containers(environment: Environment, open_store: Callable[[str], ObjectStore], progress: Progress) -> None:
    """Create missing containers; existing ones are not touched. Raises PlatformError."""
    for name, account in environment.storage_accounts.items():
        try:
            with open_store(name) as store:
                created = [container for container in account.containers if store.create_container(container)]
        except ObjectStoreError as error:
            raise PlatformError(str(error)) from error
        if created:
            progress(f"created {', '.join(created)} in storage account {name}")


def existing_containers(store: ObjectStore) -> list[str]:
    """Return the names of the account's containers; an empty list if the account does not answer."""
    try:
        return store.list_containers()
    except ObjectStoreError:
        return []


def lifecycle_in(text: str, account: str) -> dict[str, Any]:
    """Return the policy in an account's file. Raises PlatformError if there is none."""
    try:
        return dict(yaml.safe_load(text)["lifecycle"])
    except (yaml.YAMLError, LookupError, TypeError, ValueError) as error:
        raise PlatformError(
            f"Reading the lifecycle policy of storage account {account}: its live file has no valid policy "
            f"({type(error).__name__}). Roll out the stage `storage` again."
        ) from None


def with_containers(text: str, existing: Collection[str], environment: str) -> str:
    """Return an account's file without the containers that do not exist.

    Existing containers that the file does not list are not added: they are not part of the environment. A text that is
    not an account's file is returned unchanged.
    """
    try:
        state = yaml.safe_load(text)
        declared = list(state["containers"])
    except (yaml.YAMLError, LookupError, TypeError):
        return text
    declared_and_existing = [name for name in declared if name in existing]
    return (
        text
        if declared_and_existing == declared
        else to_yaml(environment, {**state, "containers": declared_and_existing})
    )
