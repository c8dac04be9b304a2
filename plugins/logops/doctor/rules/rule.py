"""The interface of a rule: a function that returns the findings of a deployment."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from logops.doctor.deployment import Deployment, Location
from logops.findings import Evidence, FindingClass


@dataclass(frozen=True, slots=True)
class RuleFinding:
    """A finding of a rule, without the environment and the time, which `check` adds."""

    cls: FindingClass
    location: Location
    message: str
    cluster: str = ""
    tenant: str = ""
    source: str = ""
    """Name of the agent or of the lifecycle rule."""
    remedy: str = ""
    evidence: Evidence = field(default_factory=dict)


Rule = Callable[[Deployment, datetime], Iterator[RuleFinding]]
"""A pure function from a deployment and a time to findings."""
