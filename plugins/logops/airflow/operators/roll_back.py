"""Put back what a failed run applied."""

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowSkipException

from logops.airflow.operators.work import final_failure, open_platform, read_environment


class RolloutRollBackOperator(BaseOperator):
    """Put each stage that this run applied back to the revision before it, last one first. Data is never deleted.

    Skipped where the run applied nothing: it did not get beyond its plan or its approval, or was refused.

    :param environment: name of a file in include/environments.
    :param plan: the XCom `plan` of RolloutPlanOperator; None where planning failed.
    """

    template_fields: Sequence[str] = ("environment", "plan")

    def __init__(self, *, environment: str, plan: Mapping[str, Any] | str | None, **kwargs: Any):
        super().__init__(render_template_as_native_obj=True, **kwargs)
        self.environment = environment
        self.plan = plan

    def execute(self, context: Context) -> dict[str, int | None]:
        """Gives `{stage: revision}`; None where the stage was stopped, as there was no revision before."""
        from logops.rollout import roll_back

        # Without a plan the environment may not even be readable, and opening it would hide why planning failed.
        if self.plan is not None:
            with final_failure(context["ti"]):
                platform = open_platform(read_environment(self.environment))
                undone = roll_back(platform, context["run_id"], self.log.info)
            if undone:
                return {stage: revision.number if revision else None for stage, revision in undone}
        raise AirflowSkipException("This run applied nothing, so there is nothing to roll back.")
