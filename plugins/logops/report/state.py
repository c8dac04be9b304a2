"""What all checks found, and when they last looked: read once for the first screen and for the findings."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Literal

from logops.alerts.audience import audience
from logops.checks.schedule import intervals, overdue_at
from logops.environment import Environment
from logops.environment.cluster import Data
from logops.findings import Finding, Identity, Run, Severity, failed
from logops.findings.acceptance import Acceptance, acceptance_of, read_acceptances
from logops.findings.history import NOT_CHECKED, Changes, OpenFinding, compare, may_overlap, not_reached
from logops.findings.store import ResultsStore
from logops.report.section import Shown

STRIP = 30
"""Runs of a check that the strip of a finding shows."""
GONE_FOR = timedelta(days=7)
"""A finding that is gone is listed for this long, so that the link of its alert still leads somewhere."""
MOST_EARLIER = 400
"""Runs before those of the strip that are read to find since when a finding is open: a year of nights."""
Seen = Literal["seen", "not seen", "unknown"]
Strip = tuple[tuple[datetime, Seen], ...]
"""The last runs of a check, oldest first, and whether each saw a finding."""


@dataclass(frozen=True, slots=True)
class KnownFinding:
    """A finding on the page."""

    finding: Finding
    since: datetime
    check: str
    run: Run
    """The newest run of the check."""
    audience: Data
    acceptance: Acceptance | None
    strip: Strip = ()
    """Whether the last runs of the check saw it, oldest first."""

    @property
    def alarms(self) -> bool:
        """Whether somebody must act: nobody accepted it, and it is more than worth knowing."""
        return self.acceptance is None and self.finding.cls.severity is not Severity.INFO


@dataclass(frozen=True, slots=True)
class Gone:
    """A finding that a later run no longer had."""

    finding: Finding
    since: datetime
    until: datetime
    check: str
    audience: Data


@dataclass(frozen=True, slots=True)
class Check:
    """A check: when it last ran, and when it should run again."""

    name: str
    run: Run | None
    """The newest run; None: it has never run."""
    due: datetime | None
    """When the next run is overdue; None: it has no schedule, or nothing was ever checked."""


@dataclass(frozen=True, slots=True)
class State:
    """What all checks of an environment found."""

    environment: str
    now: datetime
    checks: tuple[Check, ...]
    findings: tuple[KnownFinding, ...]
    gone: tuple[Gone, ...]

    def shown_to(self, shown: Shown) -> "State":
        """Return the part that a reader may see."""
        return State(
            self.environment,
            self.now,
            self.checks,
            tuple(entry for entry in self.findings if entry.audience in shown),
            tuple(gone for gone in self.gone if gone.audience in shown),
        )

    def of(self, check: Check) -> list[KnownFinding]:
        """Return what a check found."""
        return [entry for entry in self.findings if entry.check == check.name]

    def is_overdue(self, check: Check) -> bool:
        """Whether a run did not come."""
        return check.due is not None and self.now > check.due


def read(store: ResultsStore, environment: Environment, now: datetime) -> State:
    """Return the state of an environment. Raises StoreUnreachableError."""
    accepted = read_acceptances(store, environment.name, now)
    checks: list[Check] = []
    findings: list[KnownFinding] = []
    gone: list[Gone] = []
    for name in sorted({*store.checks(environment.name), *intervals(environment)}):
        run, open_now, ended = _read_check(store, environment, name, now, accepted)
        checks.append(Check(name, run, overdue_at(environment, name, run.as_of) if run else None))
        findings += open_now
        gone += ended
    return State(environment.name, now, tuple(checks), tuple(findings), tuple(gone))


Runs = Sequence[tuple[Run, tuple[Finding, ...]]]
"""Runs of a check with their findings, oldest first."""
Identities = tuple[Run, frozenset[Identity]]
"""A run of a check with the identities of its findings."""


def follow(runs: Runs) -> tuple[tuple[OpenFinding, ...], list[tuple[OpenFinding, datetime]]]:
    """Return the findings that are open after the last run, and those that ended, with the run that ended them."""
    changes = Changes((), (), (), ())
    ended: dict[Identity, tuple[OpenFinding, datetime]] = {}
    for run, findings in runs:
        changes = compare(changes.open, findings)
        ended |= {entry.finding.identity: (entry, run.as_of) for entry in changes.gone}
    for entry in changes.open:
        ended.pop(entry.finding.identity, None)
    return changes.open, list(ended.values())


def since_earlier(identities: Collection[Identity], earlier: Iterable[Identities]) -> dict[Identity, datetime]:
    """Return since when findings were open before the runs that were read: the first run of an unbroken sequence.

    earlier   runs before those, newest first. They are read until no finding is left that may be older.
    """
    since: dict[Identity, datetime] = {}
    unbroken = set(identities)
    for run, reported in earlier:
        still_open = unbroken & reported
        since |= dict.fromkeys(still_open, run.as_of)
        unreached = not_reached(reported)
        unbroken = still_open | {
            identity for identity in unbroken - still_open if any(may_overlap(identity[1], part) for part in unreached)
        }
        if not unbroken:
            break
    return since


def strips(runs: Iterable[Identities]) -> Callable[[Identity], Strip]:
    """Return a function that says whether each of the last runs saw a finding.

    An incomplete run that did not see it proves nothing.
    """
    ordered = [(run.as_of, reported, any(name in NOT_CHECKED for name, _ in reported)) for run, reported in runs]
    made: dict[tuple[bool, ...], Strip] = {}

    def strip(identity: Identity) -> Strip:
        # Most findings of a check have the same strip: keep one of each.
        key = tuple(identity in reported for _, reported, _ in ordered)
        if key not in made:
            made[key] = tuple(
                (as_of, "seen" if is_reported else "unknown" if incomplete else "not seen")
                for (as_of, _, incomplete), is_reported in zip(ordered, key, strict=True)
            )
        return made[key]

    return strip


def _read_check(
    store: ResultsStore, environment: Environment, name: str, now: datetime, accepted: Sequence[Acceptance]
) -> tuple[Run | None, list[KnownFinding], list[Gone]]:
    """Return the newest run of a check, what is open after it, and what ended lately."""
    runs = list(islice(store.runs(environment.name, name, now), STRIP))[::-1]
    if not runs:
        return None, [], []
    run = runs[-1][0]
    still_open, ended = follow(runs)
    # An incomplete run at the start of the strip does not say whether a finding was open before.
    first = next((run.as_of for run, findings in runs if not _is_incomplete(findings)), run.as_of)
    may_be_older = {entry.finding.identity for entry in still_open if entry.since <= first}
    earlier = islice(store.identities(environment.name, name, runs[0][0].as_of), MOST_EARLIER)
    since = since_earlier(may_be_older, earlier) if may_be_older else {}
    strip = strips((run, frozenset(finding.identity for finding in findings)) for run, findings in runs)
    known = [
        KnownFinding(
            entry.finding,
            since.get(entry.finding.identity, entry.since),
            name,
            run,
            audience(entry.finding, environment),
            acceptance_of(entry.finding, accepted),
            strip(entry.finding.identity),
        )
        for entry in still_open
    ]
    gone = [
        Gone(entry.finding, entry.since, until, name, audience(entry.finding, environment))
        for entry, until in ended
        if now - until <= GONE_FOR
    ]
    return run, known, gone


def is_incomplete(findings: Sequence[KnownFinding]) -> bool:
    """Whether a check could not look at everything."""
    return _is_incomplete(entry.finding for entry in findings)


def _is_incomplete(findings: Iterable[Finding]) -> bool:
    return any(finding.cls.name in NOT_CHECKED for finding in findings)


def breaks_promise(entry: KnownFinding) -> bool:
    """Whether a finding breaks a promise that nobody gave up."""
    return entry.acceptance is None and failed([entry.finding])
