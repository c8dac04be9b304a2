"""Fields that a controller changes as its work, such as the replicas that an autoscaler sets. A rollout leaves them.

Pure. Only a field with a plain path is left, such as `.spec.replicas`. Another one is a conflict.
"""

import copy
import re
from collections.abc import Sequence
from typing import Any

from logops.platforms.kubernetes.plan.objects import Object
from logops.platforms.kubernetes.plan.owners import is_controller
from logops.platforms.kubernetes.plan.proposal import Conflict

_PLAIN = re.compile(r"(\.\w+)+")


def is_left_to_controller(conflict: Conflict) -> bool:
    """Return whether a field is left to the controller that has changed it."""
    return is_controller(conflict.owner) and _PLAIN.fullmatch(conflict.field) is not None


def with_fields_of(manifest: Object, other: Object, fields: Sequence[Conflict]) -> dict[str, Any]:
    """Return an object with the values that another state of it has in these fields."""
    result = copy.deepcopy(dict(manifest))
    for conflict in fields:
        *parents, last = conflict.field[1:].split(".")
        into, source = result, other
        for parent in parents:
            into, source = into[parent], source[parent]
        into[last] = source[last]
    return result
