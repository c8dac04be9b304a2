"""Apply what was approved, and nothing else; put back what a failed run changed."""

from logops.platforms.platform import Platform, Progress, Revision
from logops.render import STAGES, Stage
from logops.rollout.errors import RolloutRefusedError
from logops.rollout.plan import StagePlan, base_digest


def apply_stage(platform: Platform, approved: StagePlan, owner: str, progress: Progress) -> Revision | None:
    """Bring a stage to its approved state; None where it is there already. May be repeated after an interruption.

    Raises LeaseHeldError while another run changes the environment, RolloutRefusedError if the environment file or the
    live state differs from the plan, PlatformError if a process does not start.
    """
    stage = approved.stage
    platform.hold(owner)
    desired = platform.desired()[stage]
    if desired.digest != approved.digest:
        raise RolloutRefusedError(
            f"applying {stage}: the environment {platform.environment.name!r} now asks for {desired.digest[:12]}, "
            f"but {approved.digest[:12]} was approved. Its file changed after the plan: trigger a new rollout."
        )
    live = platform.live(stage)
    if live == desired:
        return None
    if base_digest(live) != approved.base and not _began(platform, stage, owner, desired.digest):
        raise RolloutRefusedError(
            f"applying {stage}: the plan has gone stale. What is live changed after the plan was made "
            f"(it saw {approved.base[:12]}, now there is {base_digest(live)[:12]}). Trigger a new rollout."
        )
    return platform.apply(stage, desired, owner, progress)


def roll_back(platform: Platform, owner: str, progress: Progress) -> list[tuple[Stage, Revision | None]]:
    """Put back, last stage first, what a run applied, and give its lease back. Data is never deleted.

    A run that applied nothing, because another had the lease, has nothing to put back and needs no lease.
    Gives the stages that were put back, each with the revision it is at now; None: there was none before the run.
    """
    undone: dict[Stage, Revision | None] = {}
    # Looked at anew each time: a task of this run that is being ended may have applied its stage meanwhile.
    while left := [stage for stage in _touched(platform, owner) if stage not in undone]:
        stage = left[-1]
        platform.hold(owner)
        progress(f"rolling {stage} back")
        undone[stage] = platform.roll_back(stage, owner, progress)
    platform.release(owner)
    return list(undone.items())


def _touched(platform: Platform, owner: str) -> list[Stage]:
    return [stage for stage in STAGES if any(revision.owner == owner for revision in platform.revisions(stage))]


def _began(platform: Platform, stage: Stage, owner: str, digest: str) -> bool:
    """Whether this run itself began to apply this state: a repeated task goes on where it was interrupted."""
    revisions = platform.revisions(stage)
    return bool(revisions) and revisions[-1].owner == owner and revisions[-1].digest == digest
