"""New, still there, gone: what a check's runs say when they are read one after another.

A finding is recognised by its class and subject. A run that was cut short carries `check-incomplete` findings, and
proves nothing about what it did not reach: what was there before, is not seen now, and may lie in what was not
reached, is neither there nor gone but unknown. It stays open, with the day it was first seen, until a run that
reaches it says which. "May lie in" is read widely: the two subjects do not contradict each other. So an alert is
never resolved by a check that did not look.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from logops.findings.classes.rollout import CHECK_INCOMPLETE
from logops.findings.model import Finding, Identity, Run, Subject
from logops.findings.store import ResultsStore


@dataclass(frozen=True, slots=True)
class Seen:
    """A finding that is open."""

    finding: Finding
    """As it was seen last."""
    since: datetime
    """When it was first seen, in a sequence of runs that no run without it breaks."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What one run says, against what was open before it. A finding is in exactly one of these."""

    new: tuple[Seen, ...]
    still: tuple[Seen, ...]
    gone: tuple[Seen, ...]
    unknown: tuple[Seen, ...]
    """Open before, not seen now, and perhaps not looked at."""

    @property
    def open(self) -> tuple[Seen, ...]:
        """What the next run is compared with."""
        return self.new + self.still + self.unknown


def compare(before: Iterable[Seen], current: Iterable[Finding]) -> Changes:
    """What a run's findings say, given what was open before it.

    A finding that a run has twice counts once, as it stands first.
    """
    was = {seen.finding.identity: seen for seen in before}
    found: dict[Identity, Finding] = {}
    for finding in current:
        found.setdefault(finding.identity, finding)
    unreached = [finding.subject for finding in found.values() if finding.cls.name == CHECK_INCOMPLETE.name]
    missing = [seen for identity, seen in was.items() if identity not in found]
    unknown = [seen for seen in missing if any(_may_overlap(seen.finding.subject, subject) for subject in unreached)]
    return Changes(
        new=tuple(Seen(finding, finding.as_of) for identity, finding in found.items() if identity not in was),
        still=tuple(Seen(finding, was[identity].since) for identity, finding in found.items() if identity in was),
        gone=tuple(seen for seen in missing if seen not in unknown),
        unknown=tuple(unknown),
    )


def read_changes(store: ResultsStore, environment: str, check: str, as_of: datetime) -> tuple[Run, Changes] | None:
    """The last run of a check not after `as_of`, and what it changed; None where the check has never run.

    Reads back to the last run that found nothing, before which nothing can be open. Raises StoreUnreachableError.
    """
    runs: list[tuple[Run, tuple[Finding, ...]]] = []
    for entry in store.runs(environment, check, as_of):
        runs.append(entry)
        # The newest run that found nothing still needs the one before it, to say what is gone.
        if not entry[1] and len(runs) > 1:
            break
    if not runs:
        return None
    changes = Changes((), (), (), ())
    for _, findings in reversed(runs):
        changes = compare(changes.open, findings)
    return runs[0][0], changes


def _may_overlap(one: Subject, other: Subject) -> bool:
    pairs = ((getattr(one, part), getattr(other, part)) for part in Subject.__dataclass_fields__)
    return all(a == b or not a or not b for a, b in pairs)
