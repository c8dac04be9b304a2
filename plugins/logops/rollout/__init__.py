"""Roll an environment out: plan, apply what was approved, verify it on the real thing, put back what failed."""

from logops.rollout.apply import apply_stage, roll_back
from logops.rollout.errors import Check, RolloutError, RolloutRefusedError, VerificationError
from logops.rollout.plan import Plan, StagePlan, plan, plan_stage
from logops.rollout.run import Outcome, run_rollout
from logops.rollout.verify import verify_stage

__all__ = [
    "Check",
    "Outcome",
    "Plan",
    "RolloutError",
    "RolloutRefusedError",
    "StagePlan",
    "VerificationError",
    "apply_stage",
    "plan",
    "plan_stage",
    "roll_back",
    "run_rollout",
    "verify_stage",
]
