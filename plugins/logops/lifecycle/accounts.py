"""Apply the lifecycle policies of all storage accounts of an environment."""

from collections.abc import Callable
from datetime import datetime

from logops.lifecycle.policy import read_policy
from logops.lifecycle.run import Done, run_policy
from logops.platforms.platform import DeployablePlatform


def run_policies(
    platform: DeployablePlatform, as_of: datetime, progress: Callable[[str], None], *, dry: bool = False
) -> list[Done]:
    """Apply every account's live policy, on a platform whose accounts have no lifecycle management.

    Raises PlatformError, PolicyError, ObjectStoreError.
    """
    done: list[Done] = []
    for account in platform.environment.storage_accounts:
        policy = read_policy(platform.lifecycle_policy(account))
        with platform.object_store(account) as store:
            done += run_policy(store, policy, as_of, progress, dry=dry)
    return done
