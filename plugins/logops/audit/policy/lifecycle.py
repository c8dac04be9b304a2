"""Compare the live lifecycle policy of a cluster's account with the declared one."""

from dataclasses import dataclass

from logops.clients.blob_storage import ObjectStoreError
from logops.lifecycle.policy import PolicyError, differences, read_policy
from logops.platforms.platform import PlatformError, ReadablePlatform
from logops.render.storage import lifecycle_policy


@dataclass(frozen=True)
class PolicyComparison:
    """How an account's policy differs from the declared one."""

    account: str
    differences: tuple[str, ...] = ()
    """One line per rule."""
    unread: str = ""
    """Why it could not be compared."""


def compare_policy(platform: ReadablePlatform, account: str) -> PolicyComparison:
    """Read the live policy and compare it. On Azure, this needs the role Reader on the account."""
    declared = read_policy(lifecycle_policy(platform.environment, account))
    try:
        live = read_policy(platform.lifecycle_policy(account))
    except (PlatformError, ObjectStoreError, PolicyError) as error:
        return PolicyComparison(account, unread=str(error))
    return PolicyComparison(account, tuple(differences(declared, live)))
