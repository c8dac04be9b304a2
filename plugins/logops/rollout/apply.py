"""Apply an approved stage, and roll back what a failed run applied."""

from logops.platforms.platform import DeployablePlatform, LeaseHeldError, Progress, Revision
from logops.render import STAGES, Stage
from logops.rollout.approval import Approval, check_approval
from logops.rollout.errors import RolloutRefusedError
from logops.rollout.marks import plan_mark, refuse_marked
from logops.rollout.plan import Plan, base_digest


def apply_stage(
    platform: DeployablePlatform, plan: Plan, stage: Stage, approval: Approval, owner: str, progress: Progress
) -> Revision | None:
    """Bring a stage to its approved state. Return None if it is already there. A repeated call resumes.

    Raises RolloutRefusedError before anything is changed: if the approval policy does not allow the plan, if the stage
    is not part of it, if the environment file or the live state differs from it, or if another run holds the lease.
    Raises PlatformError if a process does not start.
    """
    check_approval(platform.environment, plan, approval)
    planned = plan.of(stage)
    if planned is None:
        raise RolloutRefusedError(f"applying {stage}: it is not in the plan. Start a rollout that includes it.")
    try:
        takeover = platform.acquire_lease(owner)
    except LeaseHeldError as error:
        raise RolloutRefusedError(str(error)) from error
    if takeover:
        progress(takeover)
    desired = platform.desired()[stage]
    if desired.digest != planned.digest:
        raise RolloutRefusedError(
            f"applying {stage}: the environment {platform.environment.name!r} now asks for {desired.digest[:12]}, "
            f"but {planned.digest[:12]} was approved. Its file changed after the plan: trigger a new rollout."
        )
    live, preview = platform.live(stage), platform.preview(stage, desired)
    if live == desired and not preview.changed:
        return None
    # Judged again: what refuses it may be newer than the plan.
    marks = [plan_mark(mark, stage, platform.environment.name) for mark in preview.marks]
    refuse_marked(platform.environment.name, marks, plan.accepted)
    if base_digest(live, preview) != planned.base and not _started(platform, stage, owner, desired.digest):
        raise RolloutRefusedError(
            f"applying {stage}: the plan has gone stale. The live state changed after the plan was made "
            f"(it was {planned.base[:12]}, now it is {base_digest(live, preview)[:12]}). Trigger a new rollout."
        )
    return platform.apply(stage, desired, owner, progress)


def roll_back(platform: DeployablePlatform, owner: str, progress: Progress) -> list[tuple[Stage, Revision | None]]:
    """Roll back what a run applied, last stage first, and release its lease. Data is never deleted.

    Returns the stages with the revision that each is at now; None if the run applied the first one. A run that applied
    nothing, because another run holds the lease, rolls back nothing and needs no lease.
    """
    undone: dict[Stage, Revision | None] = {}
    # Looked up again each time: a task of this run that is being stopped may still apply its stage.
    while remaining := [stage for stage in _touched(platform, owner) if stage not in undone]:
        stage = remaining[-1]
        platform.acquire_lease(owner)
        progress(f"rolling {stage} back")
        undone[stage] = platform.roll_back(stage, owner, progress)
    platform.release_lease(owner)
    return list(undone.items())


def _touched(platform: DeployablePlatform, owner: str) -> list[Stage]:
    return [stage for stage in STAGES if any(revision.owner == owner for revision in platform.revisions(stage))]


def _started(platform: DeployablePlatform, stage: Stage, owner: str, digest: str) -> bool:
    """Whether this run itself started to apply this state, so that a repeated task resumes it."""
    revisions = platform.revisions(stage)
    return bool(revisions) and revisions[-1].owner == owner and revisions[-1].digest == digest
