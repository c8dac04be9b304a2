"""RolloutApplyOperator and RolloutVerifyOperator: what they call, and how they end."""

from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from logops.airflow.operators.plan import without_diffs
from logops.airflow.operators.stage import RolloutApplyOperator, RolloutVerifyOperator
from logops.render import Files
from logops.rollout import Approval, Plan, VerificationError, plan
from logops.rollout.approval import AIRFLOW
from logops.rollout.errors import Check

RUN = "manual__2026-01-01T12:00:00+00:00"


def applier(approved: str | None = None, **fields: Any) -> RolloutApplyOperator:
    return RolloutApplyOperator(
        task_id="task",
        **{
            "stage": "loki",
            "environment": "local",
            "plan": "{{ ti.xcom_pull(task_ids='plan', key='plan') }}",
            "approved": "{{ ti.xcom_pull(task_ids='approval', key='approved') }}",
            **fields,
        },
    )


def approved_by(approver: str, wanted: Plan) -> dict[str, Any]:
    return Approval(wanted.digest, approver, datetime(2026, 1, 1, tzinfo=UTC), AIRFLOW).to_dict()


def run(operator: Any, context: dict[str, Any]) -> Any:
    """As Airflow does: fields rendered first."""
    operator.render_template_fields(context)
    return operator.execute(context)


def test_a_stage_is_applied_as_planned_in_the_name_of_the_run(context, platform, ti) -> None:
    ti.xcoms["plan", "plan"] = without_diffs(plan(platform))
    result = run(applier(), context)
    assert platform.live("loki") == platform.desired()["loki"]
    assert [revision.owner for revision in platform.revisions("loki")] == [RUN]
    assert result["revision"] == 1


def test_a_stage_that_is_there_already_is_left_alone(context, platform, ti) -> None:
    platform.apply("loki", platform.desired()["loki"], "earlier", print)
    platform.did.clear()
    ti.xcoms["plan", "plan"] = without_diffs(plan(platform))
    assert run(applier(), context)["revision"] is None
    assert platform.did == []


def test_what_was_approved_is_applied_where_approval_is_required(context, platform, ti, production) -> None:
    platform.environment = production
    wanted = plan(platform)
    ti.xcoms |= {("plan", "plan"): without_diffs(wanted), ("approval", "approved"): approved_by("ada", wanted)}
    assert run(applier(environment="production"), context)["revision"] == 1


def test_a_plan_that_nobody_approved_touches_nothing(context, platform, ti) -> None:
    ti.xcoms["plan", "plan"] = without_diffs(plan(platform))
    with pytest.raises(AirflowFailException, match="nobody approved it"):
        run(applier(environment="production"), context)
    assert platform.did == []


def test_a_plan_gone_stale_is_refused_for_good(context, platform, ti) -> None:
    ti.xcoms["plan", "plan"] = without_diffs(plan(platform))
    platform.at["loki"] = Files({"loki/file": "edited by hand\n"})
    with pytest.raises(AirflowFailException, match="stale"):
        run(applier(), context)
    assert platform.did == []


def test_a_process_that_does_not_start_fails_for_good_with_its_last_lines(context, platform, ti) -> None:
    platform.breaks = {"loki"}
    ti.xcoms["plan", "plan"] = without_diffs(plan(platform))
    with pytest.raises(AirflowFailException, match="its last lines: boom"):
        run(applier(), context)
    assert "its last lines: boom" in ti.said["failure"]


def test_another_rollout_at_work_is_not_waited_for(context, platform, ti) -> None:
    ti.xcoms["plan", "plan"] = without_diffs(plan(platform))
    platform.acquire_lease("another run")
    with pytest.raises(AirflowFailException, match="another run"):
        run(applier(), context)


def test_a_task_that_was_killed_while_applying_goes_on_when_tried_again(context, platform, ti, monkeypatch) -> None:
    ti.xcoms["plan", "plan"] = without_diffs(plan(platform))
    platform.breaks = {"loki"}
    with pytest.raises(AirflowFailException):
        run(applier(), context)
    platform.breaks = set()
    assert run(applier(), context)["revision"] == 2
    assert platform.live("loki") == platform.desired()["loki"]


def test_a_stage_outside_the_plan_is_refused(context, platform, ti) -> None:
    ti.xcoms["plan", "plan"] = without_diffs(plan(platform, ["storage"]))
    with pytest.raises(AirflowFailException, match="not in the plan"):
        run(applier(), context)


def test_the_checks_of_a_stage_are_passed_on(context, platform, monkeypatch) -> None:
    check = Check("ready", "main-ingester-0", True, "ready", 0.1)
    monkeypatch.setattr("logops.rollout.verify_stage", lambda platform, stage, progress: (check,))
    result = run(RolloutVerifyOperator(task_id="task", stage="loki", environment="local"), context)
    assert [seen["name"] for seen in result["checks"]] == ["ready"]


def test_a_stage_that_does_not_verify_fails_for_good_with_each_check(context, platform, ti, monkeypatch) -> None:
    def fails(platform, stage, progress):
        raise VerificationError("loki", (Check("ring", "main", False, "2 of 3 ACTIVE"),))

    monkeypatch.setattr("logops.rollout.verify_stage", fails)
    with pytest.raises(AirflowFailException, match="2 of 3 ACTIVE"):
        run(RolloutVerifyOperator(task_id="task", stage="loki", environment="local"), context)
    assert "2 of 3 ACTIVE" in ti.said["failure"]
