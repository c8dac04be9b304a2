"""The approval policy of an environment: who may allow a plan. Every rollout passes through `check_approval`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from logops.rollout.acceptance import judge, refuse_critical
from logops.rollout.errors import RolloutRefusedError
from logops.rollout.marks import refuse_marked

if TYPE_CHECKING:
    from logops.environment import Environment
    from logops.rollout.plan import Plan

TERMINAL = "terminal"
AIRFLOW = "airflow"


@dataclass(frozen=True)
class Approval:
    """The permission to roll out one plan."""

    digest: str
    """Digest of the approved plan."""
    approver: str
    """User id of the person who approved it. Empty: nobody was asked."""
    at: datetime
    via: str
    """How it was given: TERMINAL or AIRFLOW."""
    name: str = ""
    """The approver's display name, if it differs from the id."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {**asdict(self), "at": self.at.isoformat()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Approval":
        return cls(**{**data, "at": datetime.fromisoformat(data["at"])})


def unattended(plan: "Plan", at: datetime, via: str) -> Approval:
    """Return the approval of a plan that nobody was asked about."""
    return Approval(plan.digest, "", at, via)


def terminal_approver(environment: "Environment", system_user: str) -> str:
    """Return the user id of a person at a terminal: `approval.terminal_users` maps operating system users to ids."""
    return environment.approval.terminal_users.get(system_user, system_user)


def refuse_unattended(environment: "Environment") -> None:
    """Raise RolloutRefusedError if a person must approve every plan of this environment."""
    if environment.approval.required:
        raise RolloutRefusedError(
            f"rolling out {environment.name!r} without asking: this environment requires approval. Roll out again and "
            "let a person answer: in Airflow with auto_approve off, at the terminal without --yes."
        )


def check_approver(environment: "Environment", approver: str) -> None:
    """Raise RolloutRefusedError if this person may not approve plans of this environment."""
    approvers = environment.approval.approvers
    if approvers and approver not in approvers:
        raise RolloutRefusedError(
            f"approving a plan of {environment.name!r}: {approver!r} is not one of its approvers "
            f"({', '.join(approvers)}). Let one of them answer, or change approval.approvers; at a terminal, "
            "approval.terminal_users maps the operating system's user to an approver."
        )


def check_approval(environment: "Environment", plan: "Plan", approval: Approval) -> None:
    """Raise RolloutRefusedError if the plan is not of this environment, or its approval policy does not allow it.

    A critical finding that the plan does not accept is refused too. The environment is judged again here, because it is
    what is applied now.
    """
    if plan.environment != environment.name:
        raise RolloutRefusedError(
            f"applying plan {plan.digest[:12]} to {environment.name!r}: it is a plan of {plan.environment!r}. Start a "
            f"new rollout of {environment.name!r}."
        )
    if approval.digest != plan.digest:
        raise RolloutRefusedError(
            f"applying plan {plan.digest[:12]} of {environment.name!r}: plan {approval.digest[:12]} was approved, "
            "not this one. Start a new rollout and approve its plan."
        )
    if approval.approver:
        check_approver(environment, approval.approver)
    elif environment.approval.required:
        raise RolloutRefusedError(
            f"applying plan {plan.digest[:12]} of {environment.name!r}: nobody approved it, and the environment "
            "requires approval. Start a new rollout and approve its plan."
        )
    refuse_marked(environment.name, plan.marks, plan.accepted)
    refuse_critical(environment.name, judge(environment, approval.at), plan.accepted)
