"""A whole rollout in one call, as the terminal runs it. The DAG runs the same steps as tasks."""

from dataclasses import dataclass, replace

from logops.platforms.platform import DeployablePlatform, PlatformError, Progress, Revision
from logops.render import Stage
from logops.rollout.apply import apply_stage, roll_back
from logops.rollout.approval import Approval, check_approval
from logops.rollout.errors import RolloutError
from logops.rollout.plan import Plan
from logops.rollout.verify import verify_stage


@dataclass(frozen=True)
class Outcome:
    """How a rollout ended."""

    plan: Plan
    applied: tuple[Stage, ...] = ()
    failed: Stage | None = None
    error: str = ""
    rolled_back: tuple[tuple[Stage, Revision | None], ...] = ()
    rollback_error: str = ""
    """Why the rollback failed: the environment is neither in its old state nor in the new one."""


def run_rollout(
    platform: DeployablePlatform, plan: Plan, approval: Approval, owner: str, progress: Progress
) -> Outcome:
    """Apply and verify each stage of a plan in order. If one fails, roll back what this run applied.

    Raises RolloutRefusedError if the approval policy does not allow the plan, LeaseHeldError if another run holds the
    environment's lease. An interruption (Ctrl-C) rolls back and is raised again.
    """
    check_approval(platform.environment, plan, approval)
    applied: list[Stage] = []
    platform.acquire_lease(owner)
    for stage_plan in plan.stages if plan.changed else ():
        stage = stage_plan.stage
        try:
            progress(f"applying {stage}")
            if apply_stage(platform, plan, stage, approval, owner, progress):
                applied.append(stage)
            progress(f"verifying {stage}")
            verify_stage(platform, stage, progress)
        except (RolloutError, PlatformError) as error:
            return _rolled_back(platform, Outcome(plan, tuple(applied), stage, str(error)), owner, progress)
        except BaseException:
            roll_back(platform, owner, progress)
            raise
    platform.release_lease(owner)
    return Outcome(plan, tuple(applied))


def _rolled_back(platform: DeployablePlatform, failed: Outcome, owner: str, progress: Progress) -> Outcome:
    try:
        return replace(failed, rolled_back=tuple(roll_back(platform, owner, progress)))
    except PlatformError as error:
        return replace(failed, rollback_error=str(error))
