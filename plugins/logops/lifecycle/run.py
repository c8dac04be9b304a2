"""Apply a policy to an account without lifecycle management: Azurite."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from logops.clients.blob_storage import ObjectStore
from logops.clients.blob_storage.blobs import Tier
from logops.clients.blob_storage.container import Container
from logops.lifecycle.due import due
from logops.lifecycle.policy import Action, Policy
from logops.number_text import count_text

_BATCH_SIZE = 2_560
"""Blobs per step: ten requests of the Blob Batch API."""


@dataclass(frozen=True)
class Done:
    """The blobs of one container on which one action was taken; in a dry run, would be taken."""

    account: str
    container: str
    action: Action
    blobs: int
    bytes: int

    def to_dict(self) -> dict[str, str | int]:
        """Return plain JSON."""
        return {
            "account": self.account,
            "container": self.container,
            "action": self.action.azure,
            "blobs": self.blobs,
            "bytes": self.bytes,
        }


def run_policy(
    store: ObjectStore, policy: Policy, as_of: datetime, progress: Callable[[str], None], *, dry: bool = False
) -> list[Done]:
    """Apply the rules of a policy as of `as_of`. With `dry`, only report. A second run changes nothing.

    A blob that is deleted during the run is skipped. Raises ObjectStoreError.
    """
    done: list[Done] = []
    for name in store.list_containers():
        if any(rule.enabled and rule.prefixes_in(name) is not None for rule in policy.rules):
            progress(f"{store.account}: listing container {name}")
            done += _in_container(store, name, policy, as_of, progress, dry=dry)
    return done


def _in_container(
    store: ObjectStore, name: str, policy: Policy, as_of: datetime, progress: Callable[[str], None], *, dry: bool
) -> Iterator[Done]:
    container = store.container(name)
    blobs: Counter[Action] = Counter()
    sizes: Counter[Action] = Counter()
    pending: dict[Action, list[str]] = {}
    for batch in container.list().batches:
        actions = due(batch, name, policy, as_of)
        for action in {*actions.tolist()} - {Action.NONE}:
            mask = actions == action
            names = batch["name"].to_numpy(zero_copy_only=False)[mask].tolist()
            blobs[Action(action)] += len(names)
            sizes[Action(action)] += int(batch["size"].to_numpy()[mask].sum())
            pending.setdefault(Action(action), []).extend(names)
        if not dry:
            for action, names in pending.items():
                while len(names) >= _BATCH_SIZE:
                    _carry_out(container, action, names[-_BATCH_SIZE:])
                    del names[-_BATCH_SIZE:]
                    progress(f"{store.account}: {count_text(blobs.total(), 'blob')} of container {name}")
    if not dry:
        for action, names in pending.items():
            _carry_out(container, action, names)
    for action in sorted(blobs):
        yield Done(store.account, name, action, blobs[action], sizes[action])


def _carry_out(container: Container, action: Action, names: list[str]) -> None:
    if action is Action.DELETE:
        container.delete(names)
    else:
        container.set_tier(names, Tier(action))
