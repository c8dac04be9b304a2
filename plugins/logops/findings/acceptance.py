"""Findings that a person accepted for a time: known, and not fixable. They alarm nobody and are still shown.

An acceptance is a row in the results store. The newest one for the same class and subject counts, so a later one
changes or ends it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from logops.errors import LogopsError
from logops.findings.kinds import ACCEPTANCES
from logops.findings.model import Finding, Subject

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore

LONGEST = timedelta(days=400)


class AcceptanceError(LogopsError):
    """The acceptance is not allowed."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The decision of a person that findings of a class alarm nobody for a time."""

    cls: str
    subject: Subject
    """Parts that are empty fit everything."""
    who: str
    why: str
    at: datetime
    until: datetime

    def covers(self, finding: Finding) -> bool:
        """Whether it is about this finding."""
        fixed = {name: value for name, value in asdict(self.subject).items() if value}
        return finding.cls.name == self.cls and all(getattr(finding.subject, name) == fixed[name] for name in fixed)

    @property
    def text(self) -> str:
        """Who, until when and why, in one line."""
        return f"accepted by {self.who} until {self.until:%Y-%m-%d}: {self.why}"


def accept(cls: str, subject: Subject, who: str, why: str, length: timedelta, now: datetime) -> Acceptance:
    """Return an acceptance from now on. A length of 0 ends an earlier one with the same class and subject.

    Raises AcceptanceError if it is longer than 400 days, or has no reason.
    """
    if not timedelta(0) <= length <= LONGEST:
        raise AcceptanceError(f"A finding is accepted for at most {LONGEST.days} days, not {length.days}.")
    if not why.strip():
        raise AcceptanceError("An acceptance needs a reason: others will read it when they wonder why nobody was told.")
    return Acceptance(cls, subject, who, why.strip(), now, now + length)


def in_force(acceptances: Iterable[Acceptance], now: datetime) -> list[Acceptance]:
    """Return the acceptances that count now: the newest for each class and subject, unless it has ended."""
    newest: dict[tuple[str, Subject], Acceptance] = {}
    for acceptance in sorted(acceptances, key=lambda acceptance: acceptance.at):
        if acceptance.at <= now:
            newest[acceptance.cls, acceptance.subject] = acceptance
    return [acceptance for acceptance in newest.values() if acceptance.until > now]


def acceptance_of(finding: Finding, acceptances: Sequence[Acceptance]) -> Acceptance | None:
    """Return the acceptance that is about a finding; None: nobody accepted it."""
    return next((acceptance for acceptance in acceptances if acceptance.covers(finding)), None)


def write_acceptance(store: "ResultsStore", acceptance: Acceptance) -> None:
    """Store an acceptance. Raises StoreUnreachableError."""
    import pyarrow as pa

    row = {
        "class": acceptance.cls,
        **asdict(acceptance.subject),
        "who": acceptance.who,
        "why": acceptance.why,
        "at": acceptance.at,
        "until": acceptance.until,
    }
    run = f"{acceptance.subject.environment}.{uuid4().hex}"
    store.write(ACCEPTANCES, run, pa.Table.from_pylist([row]), acceptance.at)


def read_acceptances(store: "ResultsStore", environment: str, now: datetime) -> list[Acceptance]:
    """Return the acceptances of an environment that count now. Raises StoreUnreachableError."""
    from logops.findings.store import NothingStoredError

    sql = f'select * from "{ACCEPTANCES}" where environment = $environment'
    try:
        rows = store.query(ACCEPTANCES, sql, parameters={"environment": environment}).to_pylist()
    except NothingStoredError:
        return []
    parts = [field.name for field in fields(Subject)]
    stored = (
        Acceptance(
            row["class"],
            Subject(**{part: row[part] for part in parts}),
            row["who"],
            row["why"],
            row["at"],
            row["until"],
        )
        for row in rows
    )
    return in_force(stored, now)
