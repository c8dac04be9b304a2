"""What all checks found, and when they last looked: read once for the first screen and for the findings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from logops.alerts.audience import audience
from logops.checks.schedule import intervals, overdue_at
from logops.environment import Environment
from logops.environment.cluster import Data
from logops.findings import Finding, Identity, Run, Severity, failed
from logops.findings.acceptance import Acceptance, acceptance_of, read_acceptances
from logops.findings.classes.rollout import CHECK_INCOMPLETE
from logops.findings.history import Changes, OpenFinding, compare
from logops.findings.store import ResultsStore
from logops.report.section import Shown

STRIP = 30
"""Runs of a check that the strip of a finding shows."""
GONE_FOR = timedelta(days=7)
"""A finding that is gone is listed for this long, so that the link of its alert still leads somewhere."""
Seen = Literal["seen", "not seen", "unknown"]


@dataclass(frozen=True, slots=True)
class Found:
    """A finding on the page."""

    finding: Finding
    since: datetime
    check: str
    run: Run
    """The newest run of the check."""
    audience: Data
    acceptance: Acceptance | None
    strip: tuple[tuple[datetime, Seen], ...] = ()
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
    found: tuple[Found, ...]
    gone: tuple[Gone, ...]

    def shown_to(self, shown: Shown) -> "State":
        """Return the part that a reader may see."""
        return State(
            self.environment,
            self.now,
            self.checks,
            tuple(found for found in self.found if found.audience in shown),
            tuple(gone for gone in self.gone if gone.audience in shown),
        )

    def of(self, check: Check) -> list[Found]:
        """Return what a check found."""
        return [found for found in self.found if found.check == check.name]

    def is_overdue(self, check: Check) -> bool:
        """Whether a run did not come."""
        return check.due is not None and self.now > check.due


def read(store: ResultsStore, environment: Environment, now: datetime) -> State:
    """Return the state of an environment. Raises StoreUnreachableError."""
    accepted = read_acceptances(store, environment.name, now)
    checks: list[Check] = []
    found: list[Found] = []
    gone: list[Gone] = []
    for name in sorted({*store.checks(environment.name), *intervals(environment)}):
        runs = _read_runs(store, environment.name, name, now)
        run = runs[-1][0] if runs else None
        checks.append(Check(name, run, overdue_at(environment, name, run.as_of) if run else None))
        if run is not None:
            still_open, ended = follow(runs)
            found += [_found(entry, run, runs, environment, accepted) for entry in still_open]
            gone += [
                Gone(entry.finding, entry.since, until, name, audience(entry.finding, environment))
                for entry, until in ended
                if now - until <= GONE_FOR
            ]
    return State(environment.name, now, tuple(checks), tuple(found), tuple(gone))


Runs = Sequence[tuple[Run, tuple[Finding, ...]]]
"""Runs of a check with their findings, oldest first."""


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


def strip_of(identity: Identity, runs: Runs) -> tuple[tuple[datetime, Seen], ...]:
    """Return whether each of the last runs saw a finding. An incomplete run that did not see it proves nothing."""
    return tuple((run.as_of, _seen(identity, findings)) for run, findings in runs[-STRIP:])


def _seen(identity: Identity, findings: Iterable[Finding]) -> Seen:
    identities = {finding.identity for finding in findings}
    if identity in identities:
        return "seen"
    return "unknown" if any(name == CHECK_INCOMPLETE.name for name, _ in identities) else "not seen"


def _read_runs(store: ResultsStore, environment: str, check: str, now: datetime) -> Runs:
    """Return the runs back to one without findings (nothing can be open before it), and at least a strip of them."""
    runs: list[tuple[Run, tuple[Finding, ...]]] = []
    for entry in store.runs(environment, check, now):
        runs.append(entry)
        if len(runs) >= STRIP and not entry[1]:
            break
    return runs[::-1]


def _found(entry: OpenFinding, run: Run, runs: Runs, environment: Environment, accepted: Sequence[Acceptance]) -> Found:
    finding = entry.finding
    return Found(
        finding,
        entry.since,
        run.check,
        run,
        audience(finding, environment),
        acceptance_of(finding, accepted),
        strip_of(finding.identity, runs),
    )


def is_incomplete(found: Sequence[Found]) -> bool:
    """Whether a check could not look at everything."""
    return any(entry.finding.cls.name == CHECK_INCOMPLETE.name for entry in found)


def breaks_promise(found: Found) -> bool:
    """Whether a finding breaks a promise that nobody gave up."""
    return found.acceptance is None and failed([found.finding])
