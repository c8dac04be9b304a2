"""A whole rollout in one call, as the terminal runs it. The DAG runs the same steps as tasks."""

from dataclasses import dataclass, replace

from logops.platforms.platform import Platform, PlatformError, Progress, Revision
from logops.render import Stage
from logops.rollout.apply import apply_stage, roll_back
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
    not_rolled_back: str = ""
    """Why putting back failed: the environment is neither at its old state nor at the new one."""


def run_rollout(platform: Platform, approved: Plan, owner: str, progress: Progress) -> Outcome:
    """Apply and verify each stage of a plan in order; where one fails, put back what this run applied.

    Raises LeaseHeldError where another run has the environment. An interruption (Ctrl-C) rolls back too, and is raised.
    """
    applied: list[Stage] = []
    platform.hold(owner)
    for stage_plan in approved.stages if approved.changed else ():
        stage = stage_plan.stage
        try:
            progress(f"applying {stage}")
            if apply_stage(platform, stage_plan, owner, progress):
                applied.append(stage)
            progress(f"verifying {stage}")
            verify_stage(platform, stage, progress)
        except (RolloutError, PlatformError) as error:
            return _put_back(platform, Outcome(approved, tuple(applied), stage, str(error)), owner, progress)
        except BaseException:
            roll_back(platform, owner, progress)
            raise
    platform.release(owner)
    return Outcome(approved, tuple(applied))


def _put_back(platform: Platform, failed: Outcome, owner: str, progress: Progress) -> Outcome:
    try:
        return replace(failed, rolled_back=tuple(roll_back(platform, owner, progress)))
    except PlatformError as error:
        return replace(failed, not_rolled_back=str(error))
