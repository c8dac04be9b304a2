"""Report the parts of files that no rule could check."""

from collections.abc import Iterator
from datetime import datetime

from logops.doctor.deployment import Deployment
from logops.doctor.rules.rule import RuleFinding
from logops.findings.classes.rollout import CHECK_INCOMPLETE


def unreadable_parts(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report each part that could not be read: an unchecked part is not a pass."""
    for part in deployment.unreadable:
        checked = "was checked in part" if part.is_rest_checked else "was not checked"
        message = f"{part.location.path or part.location.file} {checked}: {part.reason}"
        yield RuleFinding(CHECK_INCOMPLETE, part.location, message, remedy=part.remedy)
