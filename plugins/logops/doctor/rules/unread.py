"""What could not be looked at: no pass."""

from collections.abc import Iterator
from datetime import datetime

from logops.doctor.deployment import Deployment
from logops.doctor.rules.found import Found
from logops.findings.classes.rollout import CHECK_INCOMPLETE


def unread(deployment: Deployment, as_of: datetime) -> Iterator[Found]:
    """Parts of files that no rule saw."""
    for part in deployment.unread:
        yield Found(CHECK_INCOMPLETE, part.place, f"{part.place.path or part.place.file} was not read: {part.reason}")
