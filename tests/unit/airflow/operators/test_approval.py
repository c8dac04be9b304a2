"""RolloutApprovalOperator: the approvers, the timeout, and the effect of each answer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskAwaitingInput

from logops.airflow.operators import approval as approval_module
from logops.airflow.operators.approval import RolloutApprovalOperator
from logops.environment import Environment

DIGEST = "d1" * 32


@pytest.fixture
def hitl_request(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The request that Airflow gets: its content and its approvers."""
    hitl_fields: dict[str, Any] = {}
    monkeypatch.setattr(
        "airflow.providers.standard.operators.hitl.upsert_hitl_detail", lambda **request: hitl_fields.update(request)
    )
    return hitl_fields


@pytest.fixture
def approval(ti) -> RolloutApprovalOperator:
    ti.id = "0"
    return RolloutApprovalOperator(task_id="task", environment="production", digest=DIGEST, subject="?", body="a diff")


def with_approval(environment: Environment, **fields: Any) -> Environment:
    return Environment.model_validate({**environment.model_dump(by_alias=True, exclude_none=True), "approval": fields})


def answer(option: str) -> dict[str, Any]:
    return {
        "chosen_options": [option],
        "params_input": {},
        "responded_at": datetime(2026, 1, 1, tzinfo=UTC),
        "responded_by_user": {"id": "7", "name": "ada"},
    }


def test_approvers_and_timeout_come_from_environment(approval, context, hitl_request, production, monkeypatch) -> None:
    wanted = with_approval(production, required=True, approvers=["ada", "grace"], timeout="90m")
    monkeypatch.setattr(approval_module, "read_environment", lambda name: wanted)
    with pytest.raises(TaskAwaitingInput) as waits:
        approval.execute(context)
    assert waits.value.timeout == timedelta(minutes=90)
    assert hitl_request["assigned_users"] == [{"id": "ada", "name": "ada"}, {"id": "grace", "name": "grace"}]
    assert hitl_request["body"] == "a diff"


def test_approval_request_has_no_default_answer(approval, context, hitl_request) -> None:
    with pytest.raises(TaskAwaitingInput):
        approval.execute(context)
    assert hitl_request["defaults"] is None


def test_approve_answer_approves_the_digest_that_was_shown(approval, context, hitl_request, ti) -> None:
    with pytest.raises(TaskAwaitingInput):
        approval.execute(context)
    # If the plan is made again while the task waits, the resumed task gets a digest that nobody has seen.
    resumed = RolloutApprovalOperator(task_id="task", environment="production", digest="another", subject="?")
    resumed.execute_complete(context, answer("Approve"))
    assert ti.pushed["approved"] == {
        "digest": DIGEST,
        "approver": "7",
        "at": "2026-01-01T00:00:00+00:00",
        "via": "airflow",
        "name": "ada",
    }


def test_rejection_fails_without_retry_and_names_the_person(approval, context, ti) -> None:
    with pytest.raises(AirflowFailException, match="ada rejected"):
        approval.execute_complete(context, answer("Reject"))
    assert "approved" not in ti.pushed
    assert "ada rejected" in ti.pushed["failure"]


@pytest.mark.parametrize(
    "nobody",
    [{"responded_by_user": None}, {"responded_by_user": {"id": "", "name": ""}}, {"timedout": True}],
)
def test_approve_answer_without_a_person_is_refused(approval, context, ti, nobody) -> None:
    with pytest.raises(AirflowFailException, match="not by a person"):
        approval.execute_complete(context, {**answer("Approve"), **nobody})
    assert "approved" not in ti.pushed


def test_default_answer_of_dag_is_ignored(context, hitl_request, ti) -> None:
    ti.id = "0"
    careless = RolloutApprovalOperator(
        task_id="task", environment="production", digest=DIGEST, subject="?", defaults="Approve"
    )
    with pytest.raises(TaskAwaitingInput):
        careless.execute(context)
    assert hitl_request["defaults"] is None


def test_unanswered_approval_fails_without_retry(approval, context) -> None:
    with pytest.raises(AirflowFailException, match="Nobody answered"):
        approval.execute_complete(context, {"error": "timeout", "error_type": "timeout"})


def test_answer_of_person_who_is_not_an_approver_is_refused(approval, context, ti, production, monkeypatch) -> None:
    wanted = with_approval(production, required=True, approvers=["grace"])
    monkeypatch.setattr(approval_module, "read_environment", lambda name: wanted)
    with pytest.raises(AirflowFailException, match="'7' is not one of its approvers"):
        approval.execute_complete(context, answer("Approve"))
    assert "approved" not in ti.pushed
