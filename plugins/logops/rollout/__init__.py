"""Roll an environment out: plan, check the approval, apply, verify, and roll back what fails."""

from logops.rollout.acceptance import Acceptance, PlanFinding, read_acceptances, refuse_plan
from logops.rollout.apply import apply_stage, roll_back
from logops.rollout.approval import Approval, check_approval, refuse_unattended, terminal_approver, unattended
from logops.rollout.errors import (
    InvalidAcceptanceError,
    RolloutError,
    RolloutRefusedError,
    VerificationError,
    VerificationResult,
)
from logops.rollout.past import write_plan
from logops.rollout.plan import Plan, StagePlan, plan, plan_stage
from logops.rollout.record import (
    RolloutOutcome,
    RolloutRecord,
    RolloutResult,
    nothing_to_change,
    recorded,
    write_record,
)
from logops.rollout.run import run_rollout
from logops.rollout.verify import verify_stage

__all__ = [
    "Acceptance",
    "Approval",
    "InvalidAcceptanceError",
    "Plan",
    "PlanFinding",
    "RolloutError",
    "RolloutOutcome",
    "RolloutRecord",
    "RolloutRefusedError",
    "RolloutResult",
    "StagePlan",
    "VerificationError",
    "VerificationResult",
    "apply_stage",
    "check_approval",
    "nothing_to_change",
    "plan",
    "plan_stage",
    "read_acceptances",
    "recorded",
    "refuse_plan",
    "refuse_unattended",
    "roll_back",
    "run_rollout",
    "terminal_approver",
    "unattended",
    "verify_stage",
    "write_plan",
    "write_record",
]
