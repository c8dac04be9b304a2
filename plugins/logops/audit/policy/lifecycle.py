"""The lifecycle policy of a cluster's account, compared with the declared one."""

from dataclasses import dataclass

from logops.clients.blob_storage import ObjectStoreError
from logops.lifecycle.policy import PolicyError, differences, read_policy
from logops.platforms.platform import PlatformError, ReadablePlatform
from logops.render.storage import lifecycle_policy


@dataclass(frozen=True)
class PolicyComparison:
    """What an account does otherwise than was declared."""

    account: str
    differences: tuple[str, ...] = ()
    """A line a rule."""
    unread: str = ""
    """Why it could not be compared."""


def compare_policy(platform: ReadablePlatform, account: str) -> PolicyComparison:
    """Read the live policy and compare it; on Azure, that needs the role Reader on the account."""
    declared = read_policy(lifecycle_policy(platform.environment, account))
    try:
        live = read_policy(platform.lifecycle_policy(account))
    except (PlatformError, ObjectStoreError, PolicyError) as error:
        return PolicyComparison(account, unread=str(error))
    return PolicyComparison(account, tuple(differences(declared, live)))
