"""Storage accounts on Azurite: their containers as they are, and as they should be."""

from collections.abc import Callable, Collection
from typing import Any

import yaml

from logops.clients.blob_storage import ObjectStore, ObjectStoreError
from logops.environment import Environment
from logops.platforms.platform import PlatformError, Progress
from logops.render.files import to_yaml


def create_containers(environment: Environment, open_store: Callable[[str], ObjectStore], progress: Progress) -> None:
    """Create the containers that are missing. Raises PlatformError; what is in the others is not touched."""
    for name, account in environment.storage_accounts.items():
        try:
            with open_store(name) as store:
                made = [container for container in account.containers if store.create_container(container)]
        except ObjectStoreError as error:
            raise PlatformError(str(error)) from error
        if made:
            progress(f"created {', '.join(made)} in storage account {name}")


def existing_containers(store: ObjectStore) -> list[str]:
    """The account's containers; none where it does not answer: what cannot be seen is not there."""
    try:
        return store.list_containers()
    except ObjectStoreError:
        return []


def lifecycle_in(text: str, account: str) -> dict[str, Any]:
    """The policy in an account's file. Raises PlatformError where there is none to be read."""
    try:
        return dict(yaml.safe_load(text)["lifecycle"])
    except (yaml.YAMLError, LookupError, TypeError, ValueError) as error:
        raise PlatformError(
            f"Reading the lifecycle policy of storage account {account}: its live file is not as it was rolled out "
            f"({type(error).__name__}). Roll the storage stage out again."
        ) from None


def with_containers(text: str, existing: Collection[str], environment: str) -> str:
    """An account's file, without the containers that it lists and the account does not have.

    Containers that it does not list stay out: they are not the environment's. A text that is no such file is left as
    it is.
    """
    try:
        state = yaml.safe_load(text)
        declared = list(state["containers"])
    except (yaml.YAMLError, LookupError, TypeError):
        return text
    kept = [name for name in declared if name in existing]
    return text if kept == declared else to_yaml(environment, {**state, "containers": kept})
