"""Keep how a rollout ended: one row of kind `rollouts`, and a `rollout-failed` finding if it failed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from logops.checks.recording import record as record_findings
from logops.findings import Finding, Run
from logops.findings.kinds import ROLLOUTS
from logops.rollout.approval import Approval

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore

CHECK = "rollout"
"""Name under which the findings of rollouts are recorded."""


@dataclass(frozen=True)
class RolloutRecord:
    """The record of one rollout: who approved which plan, when, and how it ended."""

    environment: str
    run: str
    as_of: datetime
    plan: str
    """Digest of the plan."""
    approval: Approval | None
    """None, or without an approver: nobody was asked."""
    outcome: str
    applied: Sequence[str] = ()
    """Stages that were changed."""
    rolled_back: Sequence[str] = ()


def write_record(store: "ResultsStore", record: RolloutRecord, findings: Sequence[Finding]) -> None:
    """Write the record first, then the findings. Writing again replaces both. Raises StoreUnreachableError."""
    import pyarrow as pa

    approval = record.approval if record.approval and record.approval.approver else None
    text, time = pa.string(), pa.timestamp("us", tz="UTC")
    row = {
        "environment": record.environment,
        "run": record.run,
        "as_of": record.as_of.astimezone(UTC),
        "plan": record.plan,
        "approver": approval.approver if approval else None,
        "approver_name": approval.name if approval else None,
        "approved_at": approval.at.astimezone(UTC) if approval else None,
        "approved_via": approval.via if approval else None,
        "outcome": record.outcome,
        "applied": list(record.applied),
        "rolled_back": list(record.rolled_back),
    }
    names = ("environment", "run", "plan", "approver", "approver_name", "approved_via", "outcome")
    types = {
        **dict.fromkeys(names, text),
        "as_of": time,
        "approved_at": time,
        **dict.fromkeys(("applied", "rolled_back"), pa.list_(text)),
    }
    schema = pa.schema([(name, types[name]) for name in row])
    table = pa.Table.from_pylist([row], schema=schema)
    store.write(ROLLOUTS, f"{record.environment}.{record.run}", table, record.as_of)
    record_findings(store, Run(record.environment, CHECK, record.run, record.as_of), findings)
