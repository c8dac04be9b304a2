"""One model for everything that is wrong.

A `FindingClass` is declared once, with its meaning, why it matters and what to do (`logops.findings.classes`). A
`Finding` is one occurrence. Its class and subject are its identity, its evidence is in numbers, and a person reads
its message first.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from logops.findings.remedy import filled_in


class Severity(StrEnum):
    """How serious a finding is, least serious first."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return _RANKS[self]

    @property
    def meaning(self) -> str:
        """One sentence, for people."""
        return _MEANINGS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}
_MEANINGS = {
    Severity.INFO: "Nothing is wrong yet; worth knowing.",
    Severity.WARNING: "Costs money or will hurt later.",
    Severity.ERROR: "A promise is broken, or will be after this deployment.",
    Severity.CRITICAL: "Logs are lost, or visible to people who may not see them.",
}


@dataclass(frozen=True, slots=True)
class FindingClass:
    """A kind of finding. Its texts become its entry in docs/findings.md."""

    name: str
    """Lower case with hyphens, such as `chunk-missing`. Never renamed."""
    severity: Severity
    meaning: str
    why: str
    remedy: str
    """The steps for a reader. ENV, CLUSTER, TENANT, TABLE and QUERY in its commands stand for the finding's subject."""


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """The object that a finding is about. Parts that do not apply are empty."""

    environment: str = ""
    cluster: str = ""
    tenant: str = ""
    table: str = ""
    query: str = ""
    source: str = ""
    path: str = ""
    """A key of a configuration (`limits_config.retention_period`) or the name of an object."""

    def __str__(self) -> str:
        return " ".join(f"{f.name}={value}" for f in fields(self) if (value := getattr(self, f.name))) or "-"


Evidence = Mapping[str, str | int | float | bool]
Identity = tuple[str, Subject]
"""Class name and subject. It recognises a finding in the next run."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault that was found at `as_of`."""

    cls: FindingClass
    subject: Subject
    message: str
    """One sentence with what was found, in numbers."""
    as_of: datetime
    evidence: Evidence = field(default_factory=dict)
    remedy: str = ""
    """The remedy in this case. Empty: the remedy of the class. `remedy_text` is the text to show."""

    @property
    def identity(self) -> Identity:
        return self.cls.name, self.subject

    @property
    def id(self) -> str:
        """A short text that follows from class and subject, for addresses and commands: 12 hexadecimal digits."""
        parts = (f"{name}={value}" for name in Subject.__dataclass_fields__ if (value := getattr(self.subject, name)))
        words = "\0".join((self.cls.name, *parts))
        return sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:12]

    @property
    def remedy_text(self) -> str:
        """The remedy, with commands that name the subject."""
        return filled_in(self.remedy or self.cls.remedy, self.subject)

    def to_dict(self) -> dict[str, object]:
        """Return the finding as plain JSON: `{class, severity, subject, message, evidence, remedy, as_of}`."""
        return {
            "class": self.cls.name,
            "severity": self.cls.severity.value,
            "subject": {name: value for name, value in asdict(self.subject).items() if value},
            "message": self.message,
            "evidence": dict(self.evidence),
            "remedy": self.remedy_text,
            "as_of": self.as_of.isoformat(),
        }


def failed(findings: "Iterable[Finding]") -> bool:
    """Whether a check with these findings failed: at least one is an error. Warnings alone do not fail a check."""
    return any(finding.cls.severity.rank >= Severity.ERROR.rank for finding in findings)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a check in an environment. A repeated run keeps all four values.

    Every run of a check looks at the same things. A run must report what it could not reach as `check-incomplete`;
    otherwise "not reported" would count as "gone".
    """

    environment: str
    check: str
    """Lower case with hyphens, such as `retention-audit`."""
    id: str
    """Airflow's run id, or another text that identifies the run."""
    as_of: datetime

    def __post_init__(self) -> None:
        for word in (self.environment, self.check):
            if not re.fullmatch(r"[a-z][a-z0-9-]*", word):
                raise ValueError(f"a run of {word!r}: environments and checks are named in lower case, with hyphens")
        if not self.id:
            raise ValueError(f"a run of {self.check} has no id")
        if self.as_of.tzinfo is None:
            raise ValueError(f"run {self.id!r} of {self.check}: as_of {self.as_of} has no time zone")
