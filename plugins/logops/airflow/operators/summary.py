"""Report how a rollout ended, record it, and set the state of its run."""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from logops.airflow.docs_pages import finding_url
from logops.airflow.links import RUNBOOK_OF_ROLLOUT
from logops.airflow.operators.work import (
    FAILURE,
    HEADLINE,
    REFUSED,
    final_failure,
    open_platform,
    read_environment,
    results_store,
)

if TYPE_CHECKING:
    from logops.airflow.operators.report import Task

REPORT = "report"
"""XCom key of the report. It is there even if the rollout failed."""


class RolloutSummaryOperator(BaseOperator):
    """Print what each stage did, and fail if anything failed or was rejected.

    It always runs last, so its state is the state of the run. It releases the environment's lease and records the
    rollout: the plan, who approved it and when, which critical findings were accepted and why, and a `rollout-failed`
    finding if it failed.

    :param environment: name of a file in include/environments.
    :param plan: the XCom `plan` of RolloutPlanOperator; None if planning failed.
    :param approved: the XCom `approved` of RolloutApprovalOperator; None if nobody was asked.
    """

    template_fields: Sequence[str] = ("environment", "plan", "approved")
    operator_extra_links = (RUNBOOK_OF_ROLLOUT,)

    def __init__(
        self,
        *,
        environment: str,
        plan: Mapping[str, Any] | str | None,
        approved: Mapping[str, Any] | str | None = None,
        **kwargs: Any,
    ):
        super().__init__(render_template_as_native_obj=True, **kwargs)
        self.environment = environment
        self.plan = plan
        self.approved = approved

    def execute(self, context: Context) -> None:
        from logops.airflow.operators.report import report
        from logops.findings.classes.rollout import ROLLOUT_FAILED
        from logops.rollout import Approval, Plan, recorded, write_record

        ti, run_id = context["ti"], context["run_id"]
        ended = report(self.environment, self.plan, self._tasks(context))  # type: ignore[arg-type]
        ti.xcom_push(key=REPORT, value=ended.to_dict())
        ti.xcom_push(key=HEADLINE, value=ended.headline)
        self.log.log(logging.ERROR if ended.failed else logging.INFO, "%s", ended.headline)
        for line in ended.failure_lines():
            self.log.error("%s", line)
        if ended.failed:
            self.log.error("runbook: %s", finding_url(ROLLOUT_FAILED.name))
        for line in ended.table_lines():
            self.log.info("%s", line)
        # Without a plan nothing was applied, and the environment may be unreadable.
        if self.plan is not None:
            with final_failure(ti):
                environment = read_environment(self.environment)
                platform = open_platform(environment)
                record = recorded(
                    Plan.from_dict(self.plan),  # type: ignore[arg-type]
                    ended,
                    run_id,
                    context["dag_run"].run_after,
                    Approval.from_dict(self.approved) if isinstance(self.approved, Mapping) else None,
                    datetime.now(UTC),
                )
                try:
                    # Before the lease ends: alerts must not see a time between the rollout and its record.
                    write_record(results_store(environment), record)
                finally:
                    platform.release_lease(run_id)
        if ended.failed:
            raise AirflowFailException(ended.headline)

    def _tasks(self, context: Context) -> dict[str, "Task"]:
        """Return how every task before this one ended, by task id."""
        from logops.airflow.operators.report import Task

        ti, run_id = context["ti"], context["run_id"]
        before = sorted(self.get_flat_relative_ids(upstream=True))
        states = ti.get_task_states(dag_id=self.dag_id, task_ids=before, run_ids=[run_id])[run_id]
        return {
            task_id: Task(
                states.get(task_id) or "none",
                ti.xcom_pull(task_ids=task_id),
                ti.xcom_pull(task_ids=task_id, key=FAILURE) or "",
                bool(ti.xcom_pull(task_ids=task_id, key=REFUSED)),
            )
            for task_id in before
        }
