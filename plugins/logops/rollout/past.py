"""Past rollouts, for people who ask what was changed, by whom, and how it ended.

A plan is stored when it is made, because later tasks of a DAG do not have its diffs. It is found again by its digest.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from logops.findings.kinds import PLANS, ROLLOUTS
from logops.rollout.plan import Plan
from logops.rollout.record import RolloutOutcome

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore

RECENT = timedelta(days=30)
"""Days that are read first. All others are read only if these have no rollout."""
LONGEST_WAIT = timedelta(days=8)
"""Days between the start of a rollout and its plan, at most: it waits for the run before, which may wait a week for its
approval."""


@dataclass(frozen=True)
class PastRollout:
    """A rollout that ended."""

    run: str
    as_of: datetime
    outcome: RolloutOutcome
    digest: str
    """Digest of the plan."""
    plan: Plan | None
    """None: the rollout changed nothing, it was not read, or an earlier version of logops did not store its plan."""
    approver: str
    """Id and name of the person who approved it. Empty: nobody was asked."""
    approved_at: datetime | None
    approved_via: str
    accepted: tuple[str, ...]
    """Critical findings that were accepted: `CLASS: REASON`."""
    applied: tuple[str, ...]
    rolled_back: tuple[str, ...]
    failures: Mapping[str, str]
    """Failed step to its message. An earlier version stored no messages: they are empty."""


def write_plan(store: "ResultsStore", plan: Plan, run: str) -> None:
    """Store a plan that changes something. Raises StoreUnreachableError."""
    import pyarrow as pa

    if not plan.changed:
        return
    made_at = plan.made_at or datetime.now(UTC)
    row = {
        "environment": plan.environment,
        "run": run,
        "made_at": made_at,
        "plan": plan.digest,
        "content": json.dumps(plan.to_dict()),
    }
    store.write(PLANS, f"{plan.environment}.{run}", pa.Table.from_pylist([row]), made_at)


def read_past(store: "ResultsStore", environment: str, now: datetime, most: int) -> list[PastRollout]:
    """Return the newest rollouts until `now`, newest first, at most `most`, without their plans.

    Raises StoreUnreachableError.
    """
    today = now.astimezone(UTC).date()
    rows = _rows(store, environment, now, most, today - RECENT) or _rows(store, environment, now, most, date.min)
    return [_past(row) for row in rows]


def with_plans(store: "ResultsStore", environment: str, past: Sequence[PastRollout]) -> list[PastRollout]:
    """Return rollouts with their stored plans. Raises StoreUnreachableError."""
    changing = [rollout for rollout in past if rollout.outcome is not RolloutOutcome.NOTHING_TO_CHANGE]
    plans = _plans(store, environment, changing) if changing else {}
    return [replace(rollout, plan=plans.get(rollout.digest)) for rollout in past]


def _rows(store: "ResultsStore", environment: str, now: datetime, most: int, first: date) -> list[dict[str, Any]]:
    from logops.findings.store import NothingStoredError

    # All columns: records of earlier versions do not have all of them.
    sql = f"""SELECT * FROM "{ROLLOUTS}" WHERE environment = $environment AND as_of <= $now
              ORDER BY as_of DESC, run LIMIT {int(most)}"""
    last = now.astimezone(UTC).date()
    try:
        rows: list[dict[str, Any]] = store.query(
            ROLLOUTS, sql, first, last, {"environment": environment, "now": now}
        ).to_pylist()
    except NothingStoredError:
        return []
    return rows


def _plans(store: "ResultsStore", environment: str, past: Sequence[PastRollout]) -> dict[str, Plan]:
    """Return the stored plans of some rollouts, by digest."""
    from logops.findings.store import NothingStoredError

    days = [rollout.as_of.date() for rollout in past]
    digests = [rollout.digest for rollout in past]
    sql = f"""SELECT plan, any_value(content) AS content FROM "{PLANS}"
              WHERE environment = $environment AND list_contains($digests, plan) GROUP BY plan"""
    first, last = min(days) - timedelta(days=1), max(days) + LONGEST_WAIT
    try:
        stored = store.query(PLANS, sql, first, last, {"environment": environment, "digests": digests}).to_pylist()
    except NothingStoredError:
        return {}
    return {row["plan"]: Plan.from_dict(json.loads(row["content"])) for row in stored}


def _past(row: Mapping[str, Any]) -> PastRollout:
    steps = row.get("failed_at") or ()
    messages = row.get("failures") or [""] * len(steps)
    approver, name = row["approver"] or "", row.get("approver_name") or ""
    return PastRollout(
        run=row["run"],
        as_of=row["as_of"].astimezone(UTC),
        outcome=RolloutOutcome(row["outcome"]),
        digest=row["plan"],
        plan=None,
        approver=f"{name} ({approver})" if name and name != approver else approver,
        approved_at=row["approved_at"].astimezone(UTC) if row["approved_at"] else None,
        approved_via=row["approved_via"] or "",
        accepted=tuple(row.get("accepted") or ()),
        applied=tuple(row.get("applied") or ()),
        rolled_back=tuple(row.get("rolled_back") or ()),
        failures=dict(zip(steps, messages, strict=True)),
    )
