"""Compare a check's run with earlier runs: findings that are new, still there, gone or unknown.

Class and subject identify a finding. A run that was incomplete has `check-incomplete` findings. It proves nothing
about the part that it did not reach: an earlier finding that may be in that part is "unknown". It stays open, with
its first date, until a run reaches it. "May be in that part" is read widely: the two subjects do not contradict each
other. So an alert is never resolved by a check that did not look.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from logops.findings.classes.rollout import CHECK_INCOMPLETE, RESULTS_UNREADABLE
from logops.findings.model import Finding, Identity, Run, Subject
from logops.findings.store import ResultsStore

NOT_CHECKED = frozenset({CHECK_INCOMPLETE.name, RESULTS_UNREADABLE.name})
"""Classes that say that a run did not look at everything, or that its findings are unknown."""


@dataclass(frozen=True, slots=True)
class OpenFinding:
    """An open finding."""

    finding: Finding
    """The finding as the newest run reported it."""
    since: datetime
    """When it was first reported, in an unbroken sequence of runs."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes of one run against the findings that were open before it. A finding is in exactly one group."""

    new: tuple[OpenFinding, ...]
    still: tuple[OpenFinding, ...]
    gone: tuple[OpenFinding, ...]
    unknown: tuple[OpenFinding, ...]
    """Open before, not reported now, and possibly not checked."""

    @property
    def open(self) -> tuple[OpenFinding, ...]:
        """The open findings after this run, for the comparison with the next one."""
        return self.new + self.still + self.unknown


def compare(before: Iterable[OpenFinding], current: Iterable[Finding]) -> Changes:
    """Compare the findings of a run with the findings that were open before.

    If a run has a finding twice, the first one counts.
    """
    was = {open_finding.finding.identity: open_finding for open_finding in before}
    by_identity: dict[Identity, Finding] = {}
    for finding in current:
        by_identity.setdefault(finding.identity, finding)
    unreached = not_reached(by_identity)
    missing = [open_finding for identity, open_finding in was.items() if identity not in by_identity]
    unknown = [
        open_finding
        for open_finding in missing
        if any(may_overlap(open_finding.finding.subject, subject) for subject in unreached)
    ]
    return Changes(
        new=tuple(
            OpenFinding(finding, finding.as_of) for identity, finding in by_identity.items() if identity not in was
        ),
        still=tuple(
            OpenFinding(finding, was[identity].since) for identity, finding in by_identity.items() if identity in was
        ),
        gone=tuple(open_finding for open_finding in missing if open_finding not in unknown),
        unknown=tuple(unknown),
    )


def not_reached(identities: Iterable[Identity]) -> list[Subject]:
    """Return the parts that a run did not check, by the identities of its findings."""
    return [
        # Nobody knows what an unreadable run checked.
        Subject(subject.environment) if name == RESULTS_UNREADABLE.name else subject
        for name, subject in identities
        if name in NOT_CHECKED
    ]


def read_changes(store: ResultsStore, environment: str, check: str, as_of: datetime) -> tuple[Run, Changes] | None:
    """Return the newest run of a check not after `as_of`, with its changes; None if the check has never run.

    Reads back to the newest run without findings, because nothing can be open before it. Raises
    StoreUnreachableError.
    """
    runs: list[tuple[Run, tuple[Finding, ...]]] = []
    for entry in store.runs(environment, check, as_of):
        runs.append(entry)
        # The newest run without findings still needs the run before it, to report what is gone.
        if not entry[1] and len(runs) > 1:
            break
    if not runs:
        return None
    changes = Changes((), (), (), ())
    for _, findings in reversed(runs):
        changes = compare(changes.open, findings)
    return runs[0][0], changes


def may_overlap(first: Subject, other: Subject) -> bool:
    """Whether two subjects do not contradict each other, so that the one may be a part of the other."""
    pairs = ((getattr(first, part), getattr(other, part)) for part in Subject.__dataclass_fields__)
    return all(a == b or not a or not b for a, b in pairs)
