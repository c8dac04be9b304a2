"""Decide how a rollout ended, and record it: one row of kind `rollouts`, and a `rollout-failed` finding if it failed.

The DAG and the terminal both build a `RolloutResult` and record it with `write_record`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from logops.checks.recording import record as record_findings
from logops.findings import Finding, Run, Subject
from logops.findings.classes.rollout import ROLLOUT_FAILED
from logops.findings.kinds import ROLLOUTS
from logops.rollout.approval import Approval

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore
    from logops.rollout.plan import Plan

CHECK = "rollout"
"""Name under which the findings of rollouts are recorded."""
ROLL_BACK = "roll_back"
"""Name of the step that rolls a failed run back."""


class RolloutOutcome(StrEnum):
    """How a rollout ended, as the record stores it."""

    ROLLED_OUT = "rolled out"
    NOTHING_TO_CHANGE = "nothing to change"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """A person ended the rollout with Ctrl-C."""
    STOPPED = "stopped"
    """The rollout failed before any stage was applied."""


@dataclass(frozen=True)
class RolloutResult:
    """The result of a rollout: how it ended, and the stages that it changed."""

    environment: str
    outcome: RolloutOutcome
    failures: Mapping[str, str]
    """Failed step to its message, in the order of the steps: `plan`, `approval`, `loki.apply`, `loki.verify`, ...,
    `roll_back`."""
    applied: tuple[str, ...]
    """Stages that this run changed."""
    rolled_back: Mapping[str, int | None]
    """Stage to the revision that it is at now; None if it was stopped because there was no earlier revision."""

    @property
    def failed(self) -> bool:
        return self.outcome in (RolloutOutcome.FAILED, RolloutOutcome.INTERRUPTED, RolloutOutcome.STOPPED)

    @property
    def headline(self) -> str:
        """One line for a person to read first."""
        if not self.failed:
            return f"{self.environment}: {self.outcome}"
        steps = ", ".join(self.failures) or "a task that did not run"
        if self.outcome is RolloutOutcome.STOPPED:
            return f"{self.environment}: stopped at {steps}; nothing was changed"
        verb = "was interrupted" if self.outcome is RolloutOutcome.INTERRUPTED else "failed"
        stages = f"; rolled back: {', '.join(self.rolled_back)}" if self.rolled_back else ""
        return f"{self.environment}: the rollout {verb} at {steps}{stages}"

    def rollback_lines(self) -> list[str]:
        """Return one line for each stage that was rolled back."""
        return [
            f"{stage}: {f'back at revision {revision}' if revision else 'stopped; there was none before'}"
            for stage, revision in self.rolled_back.items()
        ]


@dataclass(frozen=True)
class RolloutRecord:
    """The record of one rollout: who approved which plan, when, and how it ended."""

    result: RolloutResult
    run: str
    as_of: datetime
    plan: str
    """Digest of the plan."""
    approval: Approval | None
    """None, or without an approver: nobody was asked."""
    accepted: tuple[str, ...] = ()
    """Critical findings that were accepted: `CLASS: REASON`."""
    findings: tuple[str, ...] | None = None
    """Identities of the plan's findings (`PlanFinding.identity`); None if the plan was made by an earlier version."""
    ended_at: datetime | None = None


def recorded(
    plan: "Plan", result: RolloutResult, run: str, as_of: datetime, approval: Approval | None, ended_at: datetime
) -> RolloutRecord:
    """Return the record of a rollout of a plan."""
    # A plan that an earlier version made has no time and no findings.
    findings = tuple(finding.identity for finding in plan.findings) if plan.made_at else None
    return RolloutRecord(result, run, as_of, plan.digest, approval, tuple(map(str, plan.accepted)), findings, ended_at)


def decide_outcome(*, changed: bool, began: bool, passed: bool, interrupted: bool = False) -> RolloutOutcome:
    """Return how a rollout ended.

    changed       the plan changes something
    began         a stage began to be applied; a refusal comes before that
    passed        every step passed or had nothing to do
    interrupted   a person ended the rollout
    """
    if passed:
        return RolloutOutcome.ROLLED_OUT if changed else RolloutOutcome.NOTHING_TO_CHANGE
    if not began:
        return RolloutOutcome.STOPPED
    return RolloutOutcome.INTERRUPTED if interrupted else RolloutOutcome.FAILED


def nothing_to_change(environment: str) -> RolloutResult:
    """Return the result of a rollout whose plan changes nothing."""
    return RolloutResult(environment, decide_outcome(changed=False, began=False, passed=True), {}, (), {})


def rollout_findings(result: RolloutResult, as_of: datetime) -> list[Finding]:
    """Return the finding of a failed or interrupted rollout; none if it passed."""
    if not result.failed:
        return []
    messages = [message for step, message in result.failures.items() if step != ROLL_BACK][:1]
    if ROLL_BACK in result.failures:
        messages.append(f"Rolling back failed: {result.failures[ROLL_BACK]}")
    return [
        Finding(
            cls=ROLLOUT_FAILED,
            subject=Subject(environment=result.environment),
            message=" ".join([f"{result.headline}.", *messages]).rstrip(),
            as_of=as_of,
            evidence={"tasks_failed": ", ".join(result.failures), "stages_rolled_back": len(result.rolled_back)},
        )
    ]


def write_record(store: "ResultsStore", record: RolloutRecord) -> None:
    """Write the record first, then the findings. Writing again replaces both. Raises StoreUnreachableError.

    A rollout that stopped before it changed anything is not recorded, so that findings of earlier rollouts stay open.
    """
    import pyarrow as pa

    result = record.result
    if result.outcome is RolloutOutcome.STOPPED:
        return
    approval = record.approval if record.approval and record.approval.approver else None
    text, time = pa.string(), pa.timestamp("us", tz="UTC")
    row = {
        "environment": result.environment,
        "run": record.run,
        "as_of": record.as_of.astimezone(UTC),
        "plan": record.plan,
        "approver": approval.approver if approval else None,
        "approver_name": approval.name if approval else None,
        "approved_at": approval.at.astimezone(UTC) if approval else None,
        "approved_via": approval.via if approval else None,
        "outcome": result.outcome.value,
        "applied": list(result.applied),
        "rolled_back": list(result.rolled_back),
        "failed_at": list(result.failures),
        "accepted": list(record.accepted),
        "findings": None if record.findings is None else list(record.findings),
        "failures": list(result.failures.values()),
        "ended_at": record.ended_at.astimezone(UTC) if record.ended_at else None,
    }
    names = ("environment", "run", "plan", "approver", "approver_name", "approved_via", "outcome")
    types = {
        **dict.fromkeys(names, text),
        "as_of": time,
        "approved_at": time,
        "ended_at": time,
        **dict.fromkeys(("applied", "rolled_back", "failed_at", "accepted", "findings", "failures"), pa.list_(text)),
    }
    schema = pa.schema([(name, types[name]) for name in row])
    table = pa.Table.from_pylist([row], schema=schema)
    store.write(ROLLOUTS, f"{result.environment}.{record.run}", table, record.as_of)
    run = Run(result.environment, CHECK, record.run, record.as_of)
    record_findings(store, run, rollout_findings(result, record.as_of))
