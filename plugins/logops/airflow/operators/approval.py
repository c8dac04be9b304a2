"""Ask a person to approve a plan."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.exceptions import HITLRejectException, HITLTimeoutError
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Context

from logops.airflow.links import ROLLOUT_LINKS
from logops.airflow.operators.work import final_failure, read_environment
from logops.errors import LogopsError

if TYPE_CHECKING:
    from logops.rollout import Approval

APPROVED = "approved"
"""XCom key of the approval: `{digest, approver, at, via, name}`."""
_SHOWN = "shown"


class RolloutApprovalOperator(ApprovalOperator):
    """Airflow's approval. The environment names the approvers and the timeout; no answer means no.

    A rejection fails the task: nothing after it runs, and the run does not count as a rollout.

    :param environment: name of a file in include/environments.
    :param digest: digest of the plan that `body` shows; this is what an approval approves.
    """

    template_fields = (*ApprovalOperator.template_fields, "environment", "digest")
    operator_extra_links = ROLLOUT_LINKS

    def __init__(self, *, environment: str, digest: str, **kwargs: Any) -> None:
        # An upper bound until execute() has read the environment's timeout.
        super().__init__(
            fail_on_reject=True,
            response_timeout=timedelta(days=7),
            # Without a default answer, a question that nobody answers is not approved.
            **{**kwargs, "execution_timeout": None, "defaults": None},
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
        """Handle the answer. A rejection, or no answer in time, fails the task for good."""
        from logops.rollout.approval import check_approver

        ti = context["ti"]
        with final_failure(ti):
            try:
                answer = super().execute_complete(context, event)
            except HITLRejectException:
                raise RejectedError(f"{_who(event)} rejected the plan. Nothing was changed.") from None
            except HITLTimeoutError:
                raise RejectedError(
                    "Nobody answered within the environment's approval.timeout, which means no. Nothing was changed."
                ) from None
            if event.get("timedout") or not (event.get("responded_by_user") or {}).get("id"):
                raise RejectedError("The plan was answered, but not by a person. Nothing was changed.")
            approval = _approval(event, ti.xcom_pull(task_ids=self.task_id, key=_SHOWN))
            check_approver(read_environment(self.environment), approval.approver)
            ti.xcom_push(key=APPROVED, value=approval.to_dict())
        return answer


class RejectedError(LogopsError):
    """A person rejected the plan, or nobody answered in time."""


def _who(event: Mapping[str, Any]) -> str:
    user = event.get("responded_by_user") or {}
    return str(user.get("name") or user.get("id") or "Somebody")


def _approval(event: Mapping[str, Any], digest: str) -> "Approval":
    """Return the approval in an answer to Airflow's question. Airflow lets only the assigned users answer."""
    from logops.rollout.approval import AIRFLOW, Approval

    user = event["responded_by_user"]
    at = event.get("responded_at") or datetime.now(UTC)
    if isinstance(at, str):
        at = datetime.fromisoformat(at)
    return Approval(digest, str(user["id"]), at, AIRFLOW, str(user.get("name") or ""))
