"""Apply and verify one stage of a rollout."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context

from logops.airflow.operators.approval import refuse_unapproved
from logops.airflow.operators.work import final_failure, open_platform, read_environment

if TYPE_CHECKING:
    from logops.render import Stage


class RolloutApplyOperator(BaseOperator):
    """Bring a stage to the state that was planned and approved. Repeating it goes on where it was interrupted.

    :param stage: storage, loki, agents or tenants.
    :param environment: name of a file in include/environments.
    :param plan: the XCom `plan` of RolloutPlanOperator.
    :param approved: the XCom `approved` of RolloutApprovalOperator; None where nobody was asked.
    """

    template_fields: Sequence[str] = ("environment", "plan", "approved")

    def __init__(
        self, *, stage: "Stage", environment: str, plan: Mapping[str, Any] | str, approved: str | None, **kwargs: Any
    ):
        super().__init__(render_template_as_native_obj=True, **kwargs)
        self.stage = stage
        self.environment = environment
        self.plan = plan
        self.approved = approved

    def execute(self, context: Context) -> dict[str, Any]:
        """Gives `{revision, digest, seconds}`; the revision is None where there was nothing to change."""
        from logops.rollout import Plan, RolloutRefusedError, apply_stage

        started = time.monotonic()
        with final_failure(context["ti"]):
            plan = Plan.from_dict(self.plan)  # type: ignore[arg-type]
            environment = read_environment(self.environment)
            refuse_unapproved(environment, plan, self.approved)
            if (wanted := plan.of(self.stage)) is None:
                raise RolloutRefusedError(
                    f"applying {self.stage}: it is not in the plan. Trigger a rollout that has it."
                )
            revision = apply_stage(open_platform(environment), wanted, context["run_id"], self.log.info)
        return {
            "revision": revision.number if revision else None,
            "digest": wanted.digest,
            "seconds": round(time.monotonic() - started, 1),
        }


class RolloutVerifyOperator(BaseOperator):
    """Try on the real thing that an applied stage does what it must.

    :param stage: storage, loki, agents or tenants.
    :param environment: name of a file in include/environments.
    """

    template_fields: Sequence[str] = ("environment",)

    def __init__(self, *, stage: "Stage", environment: str, **kwargs: Any):
        super().__init__(**kwargs)
        self.stage = stage
        self.environment = environment

    def execute(self, context: Context) -> dict[str, Any]:
        """Gives `{checks: [{name, subject, passed, detail, seconds}], seconds}`."""
        from logops.rollout import verify_stage

        started = time.monotonic()
        with final_failure(context["ti"]):
            platform = open_platform(read_environment(self.environment))
            checks = verify_stage(platform, self.stage, self.log.info)
        return {"checks": [asdict(check) for check in checks], "seconds": round(time.monotonic() - started, 1)}
