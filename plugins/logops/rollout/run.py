"""A whole rollout in one call, as the terminal runs it. The DAG runs the same steps as tasks."""

from collections.abc import Callable

from logops.errors import LogopsError
from logops.platforms.platform import DeployablePlatform, Progress
from logops.render import Stage
from logops.rollout.apply import apply_stage, roll_back
from logops.rollout.approval import Approval, check_approval
from logops.rollout.errors import RolloutRefusedError
from logops.rollout.plan import Plan
from logops.rollout.record import ROLL_BACK, RolloutResult, decide_outcome
from logops.rollout.verify import verify_stage

_BEFORE_STAGES = "approval"
"""The step before the first stage."""


def run_rollout(
    platform: DeployablePlatform,
    plan: Plan,
    approval: Approval,
    owner: str,
    progress: Progress,
    on_end: Callable[[RolloutResult], None] | None = None,
) -> RolloutResult:
    """Apply and verify each stage of a plan in order. If one fails, roll back what this run applied.

    on_end   called once with the result, also if the rollout is interrupted

    Raises RolloutRefusedError if the approval policy does not allow the plan, LeaseHeldError if another run holds the
    environment's lease, PlatformError if the lease cannot be acquired or released. An interruption (Ctrl-C) rolls back,
    calls `on_end`, and is raised again.
    """
    check_approval(platform.environment, plan, approval)
    if takeover := platform.acquire_lease(owner, one_process=True):
        progress(takeover)
    step = _BEFORE_STAGES
    began = False
    applied: list[Stage] = []
    rolled_back: dict[str, int | None] = {}
    failures: dict[str, str] = {}
    interruption: BaseException | None = None
    try:
        for stage in [stage_plan.stage for stage_plan in plan.stages] if plan.changed else ():
            step = f"{stage}.apply"
            progress(f"applying {stage}")
            if apply_stage(platform, plan, stage, approval, owner, progress):
                applied.append(stage)
            began = True
            step = f"{stage}.verify"
            progress(f"verifying {stage}")
            verify_stage(platform, stage, progress)
    except BaseException as error:
        failures[step] = _message(error)
        interruption = _raised_again(error)
        began = began or (step != _BEFORE_STAGES and not isinstance(error, RolloutRefusedError))
    if failures:
        try:
            rolled_back = {
                stage: revision.number if revision else None for stage, revision in roll_back(platform, owner, progress)
            }
        except BaseException as error:
            failures[ROLL_BACK] = _message(error)
            interruption = _raised_again(error) or interruption
    outcome = decide_outcome(
        changed=plan.changed,
        began=began,
        passed=not failures,
        interrupted=interruption is not None and not isinstance(interruption, Exception),
    )
    result = RolloutResult(plan.environment, outcome, failures, tuple(applied), rolled_back)
    if on_end:
        on_end(result)
    if interruption:
        raise interruption
    if not failures:
        platform.release_lease(owner)
    return result


def _message(error: BaseException) -> str:
    if isinstance(error, LogopsError):
        return str(error)
    if isinstance(error, Exception):
        return f"{type(error).__name__}: {error}"
    return "The rollout was interrupted before this step had ended."


def _raised_again(error: BaseException) -> BaseException | None:
    """Return an error that the caller must see: an interruption or a defect. None for an error that logops reports."""
    return None if isinstance(error, LogopsError) else error
