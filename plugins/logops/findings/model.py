"""One model for everything that is wrong.

A `FindingClass` is declared once, with what it means, why it matters and what to do
(`logops.findings.classes`). A `Finding` is one occurrence of it: class and subject are its
identity, evidence is in numbers, and the message is what a person reads first.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding hurts, least first."""

    INFO = "info"
    """Nothing is wrong yet; worth knowing."""
    WARNING = "warning"
    """Costs money or will hurt later."""
    ERROR = "error"
    """A promise is broken, or will be as soon as this is deployed."""
    CRITICAL = "critical"
    """Logs are lost, or seen by those who may not."""

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class FindingClass:
    """What can be wrong: the text of its entry in docs/findings.md."""

    name: str
    """A word like `chunk-missing`: lower case, hyphens, never renamed."""
    severity: Severity
    meaning: str
    why: str
    remedy: str


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """What a finding is about. Empty parts do not apply."""

    environment: str = ""
    cluster: str = ""
    tenant: str = ""
    table: str = ""
    query: str = ""
    source: str = ""
    path: str = ""
    """A key in a configuration (`limits_config.retention_period`) or an object's name."""

    def __str__(self) -> str:
        return " ".join(f"{f.name}={value}" for f in fields(self) if (value := getattr(self, f.name))) or "-"


Evidence = Mapping[str, str | int | float | bool]
Identity = tuple[str, Subject]
"""A class's name and a subject: by it a finding is recognised in the next run."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, seen at `as_of`."""

    cls: FindingClass
    subject: Subject
    message: str
    """One sentence: what was found, with the numbers in it."""
    as_of: datetime
    evidence: Evidence = field(default_factory=dict)
    remedy: str = ""
    """What to do here; the class's remedy where this is empty."""

    @property
    def identity(self) -> Identity:
        return self.cls.name, self.subject

    def to_dict(self) -> dict[str, object]:
        """The finding for `--json`: `{class, severity, subject, message, evidence, remedy, as_of}`."""
        return {
            "class": self.cls.name,
            "severity": self.cls.severity.value,
            "subject": {name: value for name, value in asdict(self.subject).items() if value},
            "message": self.message,
            "evidence": dict(self.evidence),
            "remedy": self.remedy or self.cls.remedy,
            "as_of": self.as_of.isoformat(),
        }


def failed(findings: "Iterable[Finding]") -> bool:
    """Whether a check with these findings failed: at least one is an error. Warnings alone do not fail a check."""
    return any(finding.cls.severity.rank >= Severity.ERROR.rank for finding in findings)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a check over an environment, as it was at `as_of`. A run that is repeated keeps all four.

    Every run of a check looks at the same things. What it did not reach it says with a `check-incomplete`
    finding, or else its silence would be read as "gone".
    """

    environment: str
    check: str
    """A word like `audit`: lower case, hyphens."""
    id: str
    """Airflow's run id, or any other text that names the run."""
    as_of: datetime

    def __post_init__(self) -> None:
        for word in (self.environment, self.check):
            if not re.fullmatch(r"[a-z][a-z0-9-]*", word):
                raise ValueError(f"a run of {word!r}: environments and checks are named in lower case, with hyphens")
        if not self.id:
            raise ValueError(f"a run of {self.check} has no id")
        if self.as_of.tzinfo is None:
            raise ValueError(f"run {self.id!r} of {self.check}: as_of {self.as_of} has no time zone")
