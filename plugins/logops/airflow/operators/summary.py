"""Say how a rollout went, keep it as a result, and give its run the state it deserves."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from logops.airflow.operators.work import FAILURE, final_failure, open_platform, read_environment, results_store

if TYPE_CHECKING:
    from logops.airflow.operators.report import Task

REPORT = "report"
"""XCom key of the report, there whether the rollout failed or not."""


class RolloutSummaryOperator(BaseOperator):
    """Print what each stage did, and fail where anything failed or was rejected.

    It runs after everything else, whatever happened, so that the run's state is its own. It gives the environment's
    lease back, and records a `rollout-failed` finding or that there is none.

    :param environment: name of a file in include/environments.
    :param plan: the XCom `plan` of RolloutPlanOperator; None where planning failed.
    """

    template_fields: Sequence[str] = ("environment", "plan")

    def __init__(self, *, environment: str, plan: Mapping[str, Any] | str | None, **kwargs: Any):
        super().__init__(render_template_as_native_obj=True, **kwargs)
        self.environment = environment
        self.plan = plan

    def execute(self, context: Context) -> None:
        from logops.airflow.operators.report import findings, report
        from logops.findings import Run

        ti, run_id = context["ti"], context["run_id"]
        as_of = context["dag_run"].run_after
        ended = report(self.environment, self.plan, self._tasks(context))  # type: ignore[arg-type]
        ti.xcom_push(key=REPORT, value=ended.to_dict())
        for line in ended.lines():
            self.log.info("%s", line)
        # Without a plan nothing was applied, and the environment may not even be readable.
        if self.plan is not None:
            with final_failure(ti):
                environment = read_environment(self.environment)
                open_platform(environment).release(run_id)
                if (found := findings(ended, as_of)) is not None:
                    run = Run(self.environment, "rollout", run_id, as_of)
                    results_store(environment).write_findings(run, found)
        if ended.failed:
            raise AirflowFailException(ended.headline)

    def _tasks(self, context: Context) -> dict[str, "Task"]:
        """Every task before this one, by id, as it ended."""
        from logops.airflow.operators.report import Task

        ti, run_id = context["ti"], context["run_id"]
        before = sorted(self.get_flat_relative_ids(upstream=True))
        states = ti.get_task_states(dag_id=self.dag_id, task_ids=before, run_ids=[run_id])[run_id]
        return {
            task_id: Task(
                states.get(task_id) or "none",
                ti.xcom_pull(task_ids=task_id),
                ti.xcom_pull(task_ids=task_id, key=FAILURE) or "",
            )
            for task_id in before
        }
