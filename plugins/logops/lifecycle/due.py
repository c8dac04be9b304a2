"""Find the blobs that a policy acts on, with Azure's semantics, in Arrow batches.

Source: learn.microsoft.com/azure/storage/blobs/lifecycle-management-overview,
/lifecycle-management-policy-structure.
"""

from datetime import datetime
from functools import reduce
from typing import TYPE_CHECKING, Any

from logops.clients.blob_storage.blobs import Tier
from logops.lifecycle.policy import Action, Policy, Rule, When

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]

_DAY_S = 86_400


def due(
    batch: "pa.RecordBatch", container: str, policy: Policy, as_of: datetime
) -> "np.ndarray[tuple[int], np.dtype[np.int8]]":
    """Return the `Action` for every blob of a batch of `blobs_schema`.

    An action applies to a blob if the name starts with a prefix of the rule and the age exceeds the action's days. If
    several actions apply, the cheapest wins: delete, then Archive, Cold, Cool. Blobs never move to a warmer tier. A
    blob without a reported tier is Hot, the accounts' default.
    """
    import numpy as np

    names = batch["name"]
    now = int(as_of.timestamp())
    modified, changed = _seconds(batch["modified"]), _seconds(batch["tier_changed"])
    tiers = np.maximum(batch["tier"].to_numpy(), int(Tier.HOT))
    actions = np.zeros(len(batch), np.int8)
    for rule in policy.rules:
        matching = _matching_prefix(rule, container, names)
        if matching is None:
            continue
        for action, when in rule.actions.items():
            due_now = matching & _old_enough(when, now, modified, changed)
            if action is not Action.DELETE:
                due_now &= tiers < int(action)
            actions[due_now] = np.maximum(actions[due_now], int(action))
    return actions


def _matching_prefix(rule: Rule, container: str, names: "pa.Array[Any]") -> "Mask | None":
    import numpy as np
    import pyarrow.compute as pc

    prefixes = rule.prefixes_in(container)
    # Rules do not apply to the service's own containers: $logs, $web.
    if not rule.enabled or prefixes is None or container.startswith("$"):
        return None
    masks = [pc.starts_with(names, prefix).to_numpy(zero_copy_only=False) for prefix in prefixes]
    matching: Mask = reduce(np.logical_or, masks)
    return matching


def _old_enough(when: When, now: int, modified: "np.ndarray[Any, Any]", changed: "np.ndarray[Any, Any]") -> "Mask":
    old_enough: Mask = now - modified > when.since_modified * _DAY_S
    if when.since_tier_changed is not None:
        # A blob whose tier was never set was not rehydrated from Archive.
        old_enough &= (changed == 0) | (now - changed > when.since_tier_changed * _DAY_S)
    return old_enough


def _seconds(column: "pa.Array[Any]") -> "np.ndarray[Any, Any]":
    """Return seconds since 1970; 0 for null."""
    import pyarrow as pa

    seconds: np.ndarray[Any, Any] = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    return seconds
