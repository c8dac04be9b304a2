"""What all checks found, and when they last looked: read once for the first screen and for the findings."""

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from logops.alerts.audience import audience
from logops.alerts.last_delivery import LastDelivery, read_last_delivery
from logops.checks.schedule import intervals, overdue_at
from logops.environment import Environment
from logops.environment.cluster import Data
from logops.findings import Finding, Run, Severity, failed
from logops.findings.acceptance import Acceptance, acceptance_of, read_acceptances
from logops.findings.history import NOT_CHECKED
from logops.findings.store import DamagedResultError, RecordedRun, ResultsStore
from logops.findings.table import key_of
from logops.report.section import Shown
from logops.report.timeline import Strip, follow, may_be_older, since_earlier, strips

STRIP = 30
"""Runs of a check that the strip of a finding shows."""
GONE_FOR = timedelta(days=7)
"""A finding that is gone is listed for this long, so that the link of its alert still leads somewhere."""
MOST_EARLIER = 400
"""Runs before those of the strip that are read to find since when a finding is open: a year of nights."""


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
    delivery: LastDelivery | None = None
    """The last delivery of alerts, with the mutes that it saw; None: alerts were never delivered."""

    def shown_to(self, shown: Shown) -> "State":
        """Return the part that a reader may see."""
        return State(
            self.environment,
            self.now,
            self.checks,
            tuple(entry for entry in self.findings if entry.audience in shown),
            tuple(gone for gone in self.gone if gone.audience in shown),
            self.delivery
            and replace(self.delivery, mutes=tuple(mute for mute in self.delivery.mutes if mute.audience in shown)),
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
    delivery = read_last_delivery(store, environment.name)
    return State(environment.name, now, tuple(checks), tuple(findings), tuple(gone), delivery)


def _read_check(
    store: ResultsStore, environment: Environment, name: str, now: datetime, accepted: Sequence[Acceptance]
) -> tuple[Run | None, list[KnownFinding], list[Gone]]:
    """Return the newest run of a check, what is open after it, and what ended lately."""
    newest = next(store.runs(environment.name, name, now), None)
    if newest is None:
        return None, [], []
    run, current = newest
    by_key: dict[str, Finding] = {}
    for finding in current:
        by_key.setdefault(key_of(finding.identity), finding)
    earlier = (entry for entry in store.recorded_runs(environment.name, name, run.as_of) if entry.run.id != run.id)
    runs = [*islice(earlier, STRIP - 1)][::-1]
    runs.append(RecordedRun(run, frozenset(by_key), lambda wanted: by_key))
    still_open, ended = follow(runs)
    if older := may_be_older(still_open, runs):
        still_open |= since_earlier(older, islice(earlier, MOST_EARLIER))
    ended = {key: end for key, end in ended.items() if now - end.until <= GONE_FOR}
    shown = _findings({*still_open, *ended}, runs)
    strip = strips(runs)
    known = [
        KnownFinding(
            shown[key],
            since,
            name,
            run,
            audience(shown[key], environment),
            acceptance_of(shown[key], accepted),
            strip(key),
        )
        for key, since in still_open.items()
        if key in shown
    ]
    gone = [
        Gone(shown[key], end.since, end.until, name, audience(shown[key], environment))
        for key, end in ended.items()
        if key in shown
    ]
    return run, known, gone


def _findings(keys: Collection[str], runs: Sequence[RecordedRun]) -> dict[str, Finding]:
    """Return findings as the last run that had them reported them."""
    found: dict[str, Finding] = {}
    missing = {*keys}
    for entry in reversed(runs):
        if wanted := missing & entry.keys:
            # A file that is damaged in other columns only: an earlier run may have the finding as well.
            with suppress(DamagedResultError):
                found |= {key: finding for key, finding in entry.findings(wanted).items() if key in wanted}
            missing -= found.keys()
    return found


def is_incomplete(findings: Sequence[KnownFinding]) -> bool:
    """Whether a check could not look at everything."""
    return _is_incomplete(entry.finding for entry in findings)


def _is_incomplete(findings: Iterable[Finding]) -> bool:
    return any(finding.cls.name in NOT_CHECKED for finding in findings)


def breaks_promise(entry: KnownFinding) -> bool:
    """Whether a finding breaks a promise that nobody gave up."""
    return entry.acceptance is None and failed([entry.finding])
