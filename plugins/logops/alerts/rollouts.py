"""Findings that a rollout may cause are no alerts while it runs, and `alerts.rollout_grace` after it.

A finding that was open before the rollout stays an alert. One that is still open after that time becomes an alert, with
its true start. So nothing has to be removed when a rollout ends, and a rollout that dies mutes nothing for long.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from logops.checks.open_findings import OpenAfterRun
from logops.environment import Environment
from logops.findings.acceptance import Acceptance, acceptance_of
from logops.findings.causes import ROLLOUT_MAY_CAUSE
from logops.findings.history import OpenFinding
from logops.findings.kinds import ROLLOUTS

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore

LONGEST_ROLLOUT = timedelta(days=14)
"""A rollout is stored at the day of its start. It may wait for its approval for days."""


@dataclass(frozen=True, slots=True)
class MutingRollout:
    """A rollout that may have caused findings that are open now."""

    began: datetime
    until: datetime
    """When its findings become alerts. Later if it still runs then."""
    is_running: bool = False

    @property
    def text(self) -> str:
        """The reason of the mute, in one line."""
        return f"{self.cause} it, not before {self.until:%H:%M} UTC"

    @property
    def cause(self) -> str:
        """The rollout, as the beginning of a reason."""
        verb = "runs since" if self.is_running else "began at"
        return f"the rollout that {verb} {self.began:%H:%M} may cause"


@dataclass(frozen=True, slots=True)
class Muted:
    """An open finding that is no alert, because a rollout may cause it."""

    entry: OpenFinding
    rollout: MutingRollout


def muted_findings(
    states: Iterable[OpenAfterRun],
    rollouts: Sequence[MutingRollout],
    accepted: Sequence[Acceptance],
    now: datetime,
) -> list[Muted]:
    """Return the findings that would be alerts without the rollouts."""
    return [
        Muted(entry, rollout)
        for state in states
        for entry in state.open
        if (rollout := muting_rollout(entry, rollouts, now)) and not acceptance_of(entry.finding, accepted)
    ]


def without_muted(
    states: Iterable[OpenAfterRun], rollouts: Sequence[MutingRollout], now: datetime
) -> list[OpenAfterRun]:
    """Return the states without the findings that a rollout mutes."""
    return [
        replace(state, open=[entry for entry in state.open if not muting_rollout(entry, rollouts, now)])
        for state in states
    ]


def muting_rollout(entry: OpenFinding, rollouts: Iterable[MutingRollout], now: datetime) -> MutingRollout | None:
    """Return the rollout that mutes a finding; None: it is an alert."""
    if entry.finding.cls.name not in ROLLOUT_MAY_CAUSE:
        return None
    return next((rollout for rollout in rollouts if rollout.began <= entry.since and now <= rollout.until), None)


def muting_rollouts(
    rows: Sequence[dict[str, Any]], running_since: datetime | None, environment: Environment, now: datetime
) -> list[MutingRollout]:
    """Return the rollouts that mute findings now.

    rows            rollouts that have ended, as the store has them
    running_since   a rollout runs since then; None: none runs
    """
    grace = environment.alerts.rollout_grace.timedelta
    ended = [
        MutingRollout(row["approved_at"] or row["as_of"], row["ended_at"] + grace)
        for row in rows
        # An earlier version recorded no end. A rollout without a failure that changed nothing caused nothing.
        if row.get("ended_at") and (row["applied"] or row["failed_at"])
    ]
    running = [MutingRollout(running_since, now + grace, is_running=True)] if running_since else []
    return [rollout for rollout in (*running, *ended) if rollout.began <= now <= rollout.until]


def read_muting_rollouts(
    store: "ResultsStore", environment: Environment, running_since: datetime | None, now: datetime
) -> list[MutingRollout]:
    """Return the rollouts that mute findings now. Raises StoreUnreachableError."""
    from logops.findings.store import NothingStoredError

    sql = f'select * from "{ROLLOUTS}" where environment = $environment'
    first = (now - LONGEST_ROLLOUT).date()
    try:
        rows = store.query(ROLLOUTS, sql, first, parameters={"environment": environment.name}).to_pylist()
    except NothingStoredError:
        rows = []
    return muting_rollouts(rows, running_since, environment, now)
