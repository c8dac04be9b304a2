"""Roll back what a failed run applied."""

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowSkipException

from logops.airflow.links import ROLLOUT_LINKS
from logops.airflow.operators.work import final_failure, open_platform, read_environment


class RolloutRollBackOperator(BaseOperator):
    """Roll each stage that this run applied back to the revision before it, last stage first. Data is never deleted.

    Skipped if the run applied nothing: it stopped at its plan or approval, or it was refused.

    :param environment: name of a file in include/environments.
    :param plan: the XCom `plan` of RolloutPlanOperator; None if planning failed.
    """

    template_fields: Sequence[str] = ("environment", "plan")
    operator_extra_links = ROLLOUT_LINKS

    def __init__(self, *, environment: str, plan: Mapping[str, Any] | str | None, **kwargs: Any):
        super().__init__(render_template_as_native_obj=True, **kwargs)
        self.environment = environment
        self.plan = plan

    def execute(self, context: Context) -> dict[str, int | None]:
        """Return `{stage: revision}`; None if the stage was stopped because there was no earlier revision."""
        from logops.rollout import roll_back

        # Without a plan the environment may be unreadable, and opening it would hide why planning failed.
        if self.plan is not None:
            with final_failure(context["ti"]):
                platform = open_platform(read_environment(self.environment))
                undone = roll_back(platform, context["run_id"], self.log.info)
            if undone:
                return {stage: revision.number if revision else None for stage, revision in undone}
        raise AirflowSkipException("This run applied nothing, so there is nothing to roll back.")
