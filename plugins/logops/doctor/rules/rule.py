"""What a rule says, before the time and the environment are added."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from logops.doctor.deployment import Deployment, Location
from logops.findings import Evidence, FindingClass


@dataclass(frozen=True, slots=True)
class RuleFinding:
    """One thing that is wrong, at one location."""

    cls: FindingClass
    location: Location
    message: str
    cluster: str = ""
    tenant: str = ""
    source: str = ""
    """An agent's or lifecycle rule's name."""
    remedy: str = ""
    evidence: Evidence = field(default_factory=dict)


Rule = Callable[[Deployment, datetime], Iterator[RuleFinding]]
"""A pure function: what is wrong in a deployment, at a time."""
