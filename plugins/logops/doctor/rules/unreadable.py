"""What could not be looked at: no pass."""

from collections.abc import Iterator
from datetime import datetime

from logops.doctor.deployment import Deployment
from logops.doctor.rules.rule import RuleFinding
from logops.findings.classes.rollout import CHECK_INCOMPLETE


def unreadable_parts(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Parts of files that no rule saw."""
    for part in deployment.unreadable:
        yield RuleFinding(
            CHECK_INCOMPLETE, part.location, f"{part.location.path or part.location.file} was not read: {part.reason}"
        )
