"""Ask a person whether a plan may be rolled out."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.exceptions import HITLRejectException, HITLTimeoutError
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Context

from logops.airflow.operators.work import final_failure, read_environment
from logops.errors import LogopsError

if TYPE_CHECKING:
    from logops.environment import Environment
    from logops.rollout import Plan

APPROVED = "approved"
"""XCom key of the digest that a person approved."""
_SHOWN = "shown"


class RolloutApprovalOperator(ApprovalOperator):
    """Airflow's approval, asked of the people and for the time that the environment names; no answer is a no.

    A no fails the task, so that nothing after it runs and the run is not taken for a rollout.

    :param environment: name of a file in include/environments.
    :param digest: digest of the plan that `body` shows. Approving approves this one.
    """

    template_fields = (*ApprovalOperator.template_fields, "environment", "digest")

    def __init__(self, *, environment: str, digest: str, **kwargs: Any) -> None:
        # The longest wait until execute() has read the environment's own.
        super().__init__(
            fail_on_reject=True, response_timeout=timedelta(days=7), **{**kwargs, "execution_timeout": None}
        )
        self.environment = environment
        self.digest = digest

    def execute(self, context: Context) -> None:
        ti = context["ti"]
        with final_failure(ti):
            approval = read_environment(self.environment).approval
        self.response_timeout = approval.timeout.timedelta
        self.assigned_users = [{"id": user, "name": user} for user in approval.approvers]
        ti.xcom_push(key=_SHOWN, value=self.digest)
        self.log.info("Asking %s; waiting %s.", ", ".join(approval.approvers) or "everybody", approval.timeout)
        super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Take the answer. Fails for good on a no, and where nobody answered."""
        ti = context["ti"]
        with final_failure(ti):
            try:
                answer = super().execute_complete(context, event)
            except HITLRejectException:
                raise RejectedError(f"{_who(event)} rejected the plan. Nothing was changed.") from None
            except HITLTimeoutError:
                raise RejectedError(
                    "Nobody answered within the environment's approval.timeout, which is a no. Nothing was changed."
                ) from None
            ti.xcom_push(key=APPROVED, value=ti.xcom_pull(task_ids=self.task_id, key=_SHOWN))
        return answer


class RejectedError(LogopsError):
    """The answer was no: by whom."""


def refuse_unapproved(environment: "Environment", plan: "Plan", approved: str | None) -> None:
    """Let a plan pass that was approved, or that the environment lets pass unasked. Raises RolloutRefusedError."""
    from logops.rollout import RolloutRefusedError

    if approved == plan.digest or (approved is None and not environment.approval.required):
        return
    found = f"plan {approved[:12]} was approved" if approved else "nobody approved it"
    raise RolloutRefusedError(
        f"applying plan {plan.digest[:12]} of {environment.name!r}: {found}. "
        "Trigger a new rollout and answer its approval."
    )


def _who(event: Mapping[str, Any]) -> str:
    user = event.get("responded_by_user") or {}
    return str(user.get("name") or user.get("id") or "Somebody")
