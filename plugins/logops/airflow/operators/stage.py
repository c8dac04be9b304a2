"""Apply and verify one stage of a rollout."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowSkipException

from logops.airflow.links import ROLLOUT_LINKS
from logops.airflow.operators.work import final_failure, open_platform, read_environment

if TYPE_CHECKING:
    from logops.render import Stage


class RolloutApplyOperator(BaseOperator):
    """Bring a stage to the state that was planned and approved. A repeated task resumes.

    Skipped, with the stage's verification, if the stage is not in the plan.

    :param stage: one of `logops.render.STAGES`.
    :param environment: name of a file in include/environments.
    :param plan: the XCom `plan` of RolloutPlanOperator.
    :param approved: the XCom `approved` of RolloutApprovalOperator; None if nobody was asked.
    """

    template_fields: Sequence[str] = ("environment", "plan", "approved")
    operator_extra_links = ROLLOUT_LINKS

    def __init__(
        self,
        *,
        stage: "Stage",
        environment: str,
        plan: Mapping[str, Any] | str,
        approved: Mapping[str, Any] | str | None,
        **kwargs: Any,
    ):
        super().__init__(render_template_as_native_obj=True, **kwargs)
        self.stage = stage
        self.environment = environment
        self.plan = plan
        self.approved = approved

    def execute(self, context: Context) -> dict[str, Any]:
        """Return `{revision, digest, seconds}`; the revision is None if there was nothing to change."""
        from logops.rollout import Approval, Plan, apply_stage, unattended
        from logops.rollout.approval import AIRFLOW

        started = time.monotonic()
        with final_failure(context["ti"]):
            plan = Plan.from_dict(self.plan)  # type: ignore[arg-type]
            planned = plan.of(self.stage)
        if planned is None:
            raise AirflowSkipException(f"The stage {self.stage} was not chosen for this run.")
        with final_failure(context["ti"]):
            now = datetime.now(UTC)
            approval = (
                Approval.from_dict(self.approved)
                if isinstance(self.approved, Mapping)
                else unattended(plan, now, AIRFLOW)
            )
            platform = open_platform(read_environment(self.environment))
            revision = apply_stage(platform, plan, self.stage, approval, context["run_id"], self.log.info)
        return {
            "revision": revision.number if revision else None,
            "digest": planned.digest,
            "seconds": round(time.monotonic() - started, 1),
        }


class RolloutVerifyOperator(BaseOperator):
    """Verify an applied stage on the running system.

    :param stage: one of `logops.render.STAGES`.
    :param environment: name of a file in include/environments.
    """

    template_fields: Sequence[str] = ("environment",)
    operator_extra_links = ROLLOUT_LINKS

    def __init__(self, *, stage: "Stage", environment: str, **kwargs: Any):
        super().__init__(**kwargs)
        self.stage = stage
        self.environment = environment

    def execute(self, context: Context) -> dict[str, Any]:
        """Return `{checks: [{name, subject, passed, detail, seconds}], seconds}`."""
        from logops.rollout import verify_stage

        started = time.monotonic()
        with final_failure(context["ti"]):
            platform = open_platform(read_environment(self.environment))
            checks = verify_stage(platform, self.stage, self.log.info)
        return {"checks": [asdict(check) for check in checks], "seconds": round(time.monotonic() - started, 1)}
