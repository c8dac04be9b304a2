"""Plan a rollout, and skip the tasks that have nothing to do."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context, SkipMixin

from logops.airflow.links import ROLLOUT_LINKS
from logops.airflow.operators.approval import RolloutApprovalOperator
from logops.airflow.operators.stage import RolloutApplyOperator, RolloutVerifyOperator
from logops.airflow.operators.work import final_failure, open_platform, read_environment, results_store

if TYPE_CHECKING:
    from logops.rollout import Plan

PLAN = "plan"
"""XCom key of the plan, without its diffs."""
MARKDOWN = "markdown"
"""XCom key of the plan as text, with the diffs."""


class RolloutPlanOperator(BaseOperator, SkipMixin):
    """Compare the desired with the live state. Skip the approval if nobody is asked, and everything if nothing changes.

    A stage that was not chosen is skipped by its own task: Airflow skips at once, and the stages form a line, so a task
    that is skipped early would start the next stage early.

    :param environment: name of a file in include/environments.
    :param stages: the stages to roll out.
    :param auto_approve: continue without asking; refused if the environment requires approval.

    Critical findings are accepted with the run's parameter `accept`: `CLASS: REASON`, one a line.
    """

    template_fields: Sequence[str] = ("environment", "stages", "auto_approve")
    operator_extra_links = ROLLOUT_LINKS

    def __init__(
        self,
        *,
        environment: str,
        stages: Sequence[str] | str,
        auto_approve: bool | str,
        **kwargs: Any,
    ):
        super().__init__(render_template_as_native_obj=True, **kwargs)
        self.environment = environment
        self.stages = stages
        self.auto_approve = auto_approve

    def execute(self, context: Context) -> None:
        from logops.findings.store import StoreUnreachableError
        from logops.render import STAGES
        from logops.rollout import plan, read_acceptances, refuse_plan, refuse_unattended, write_plan
        from logops.rollout.text import text_lines

        ti = context["ti"]
        with final_failure(ti):
            environment = read_environment(self.environment)
            platform = open_platform(environment)
            if self.auto_approve:
                refuse_unattended(environment)
            store = results_store(environment)
            planned = plan(
                platform,
                [stage for stage in STAGES if stage in self.stages],
                store=store,
                # From the parameters, not a template: a reason is text, and a template would read numbers and lists.
                accepted=read_acceptances(str(context["params"].get("accept") or "").splitlines()),
            )
            ti.xcom_push(key=MARKDOWN, value=planned.markdown())
            for line in text_lines(planned, whole=False):
                self.log.info("%s", line)
            refuse_plan(planned)
            try:
                write_plan(store, planned, context["run_id"])
            except StoreUnreachableError as error:
                self.log.warning("The page will not show the diff of this rollout. %s", error)
            ti.xcom_push(key=PLAN, value=without_diffs(planned))
        self.skip(ti, idle(self.get_flat_relatives(upstream=False), planned, asks=not self.auto_approve))


def without_diffs(plan: "Plan") -> dict[str, Any]:
    """Return the plan as plain JSON for XCom, as later tasks need it.

    The diffs are left out: the digest covers them. What the plan means for people is in the XCom `markdown`.
    """
    data = {key: value for key, value in plan.to_dict().items() if key not in ("impact", "cost", "unpriced")}
    for stage in data["stages"]:
        del stage["diff"]
    return {**data, "digest": plan.digest, "changed": plan.changed}


def idle(tasks: Iterable[Any], plan: "Plan", *, asks: bool) -> list[Any]:
    """Return the tasks that have nothing to do for a plan."""
    if plan.changed:
        return [task for task in tasks if isinstance(task, RolloutApprovalOperator) and not asks]
    steps = (RolloutApprovalOperator, RolloutApplyOperator, RolloutVerifyOperator)
    return [task for task in tasks if isinstance(task, steps)]
