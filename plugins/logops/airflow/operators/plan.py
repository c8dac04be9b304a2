"""Say what a rollout would change, and leave out the tasks that have nothing to do."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context, SkipMixin

from logops.airflow.operators.approval import RolloutApprovalOperator
from logops.airflow.operators.stage import RolloutApplyOperator, RolloutVerifyOperator
from logops.airflow.operators.work import final_failure, open_platform, read_environment

if TYPE_CHECKING:
    from logops.environment import Environment
    from logops.rollout import Plan

PLAN = "plan"
"""XCom key of the plan, without its diffs."""
MARKDOWN = "markdown"
"""XCom key of the plan for a person to read, with the diffs."""


class RolloutPlanOperator(BaseOperator, SkipMixin):
    """Compare what is wanted with what is live; skip the stages not chosen, and all of them where nothing changes.

    :param environment: name of a file in include/environments.
    :param stages: which stages.
    :param auto_approve: go on without asking; refused where the environment requires approval.
    """

    template_fields: Sequence[str] = ("environment", "stages", "auto_approve")

    def __init__(self, *, environment: str, stages: Sequence[str] | str, auto_approve: bool | str, **kwargs: Any):
        super().__init__(render_template_as_native_obj=True, **kwargs)
        self.environment = environment
        self.stages = stages
        self.auto_approve = auto_approve

    def execute(self, context: Context) -> None:
        from logops.render import STAGES
        from logops.rollout import plan

        ti = context["ti"]
        with final_failure(ti):
            environment = read_environment(self.environment)
            if self.auto_approve:
                refuse_auto_approval(environment)
            wanted = plan(open_platform(environment), [stage for stage in STAGES if stage in self.stages])
            ti.xcom_push(key=PLAN, value=without_diffs(wanted))
            ti.xcom_push(key=MARKDOWN, value=wanted.markdown())
        for stage in wanted.stages:
            for action in stage.actions:
                self.log.info("%s: %s", stage.stage, action)
        self.skip(ti, idle(self.get_flat_relatives(upstream=False), wanted, asks=not self.auto_approve))


def refuse_auto_approval(environment: "Environment") -> None:
    """Raises RolloutRefusedError where a person must say yes."""
    from logops.rollout import RolloutRefusedError

    if environment.approval.required:
        raise RolloutRefusedError(
            f"planning: auto_approve is on, but the environment {environment.name!r} requires approval. "
            "Trigger the rollout again with auto_approve off, and answer its approval task."
        )


def without_diffs(plan: "Plan") -> dict[str, Any]:
    """The plan as a small XCom of plain JSON: the digest stands for the diffs."""
    stages = [{**asdict(stage), "actions": list(stage.actions)} for stage in plan.stages]
    for stage in stages:
        del stage["diff"]
    return {"environment": plan.environment, "stages": stages, "digest": plan.digest, "changed": plan.changed}


def idle(tasks: Iterable[Any], plan: "Plan", *, asks: bool) -> list[Any]:
    """Those of the tasks that have nothing to do under a plan."""
    return [
        task
        for task in tasks
        if (isinstance(task, RolloutApprovalOperator) and not (asks and plan.changed))
        or (
            isinstance(task, RolloutApplyOperator | RolloutVerifyOperator)
            and not (plan.changed and plan.of(task.stage))
        )
    ]
