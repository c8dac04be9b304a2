"""RolloutApplyOperator and RolloutVerifyOperator: their results and their failures."""

from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from logops.airflow.operators.plan import without_diffs
from logops.airflow.operators.stage import RolloutApplyOperator, RolloutVerifyOperator
from logops.render import Files
from logops.rollout import Approval, Plan, VerificationError, plan
from logops.rollout.approval import AIRFLOW
from logops.rollout.errors import VerificationResult

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
    """Render the fields as Airflow does, then execute the operator."""
    operator.render_template_fields(context)
    return operator.execute(context)


def test_stage_is_applied_as_planned_with_run_as_owner(context, platform, ti) -> None:
    ti.xcoms["plan", "plan"] = without_diffs(plan(platform))
    result = run(applier(), context)
    assert platform.live("loki") == platform.desired()["loki"]
    assert [revision.owner for revision in platform.revisions("loki")] == [RUN]
    assert result["revision"] == 1


def test_stage_without_changes_is_not_applied_again(context, platform, ti) -> None:
    platform.apply("loki", platform.desired()["loki"], "earlier", print)
    platform.did.clear()
    ti.xcoms["plan", "plan"] = without_diffs(plan(platform))
    assert run(applier(), context)["revision"] is None
    assert platform.did == []


def test_approved_plan_is_applied_if_approval_is_required(context, platform, ti, production) -> None:
    platform.environment = production
    wanted = plan(platform)
    ti.xcoms |= {("plan", "plan"): without_diffs(wanted), ("approval", "approved"): approved_by("ada", wanted)}
    assert run(applier(environment="production"), context)["revision"] == 1


def test_plan_without_required_approval_is_refused_and_changes_nothing(context, platform, ti, production) -> None:
    platform.environment = production
    ti.xcoms["plan", "plan"] = without_diffs(plan(platform))
    with pytest.raises(AirflowFailException, match="nobody approved it"):
        run(applier(environment="production"), context)
    assert platform.did == []


def test_stale_plan_is_refused_without_retry(context, platform, ti) -> None:
    ti.xcoms["plan", "plan"] = without_diffs(plan(platform))
    platform.at["loki"] = Files({"loki/file": "edited by hand\n"})
    with pytest.raises(AirflowFailException, match="stale"):
        run(applier(), context)
    assert platform.did == []


def test_process_that_does_not_start_fails_the_task_with_last_lines(context, platform, ti) -> None:
    platform.breaks = {"loki"}
    ti.xcoms["plan", "plan"] = without_diffs(plan(platform))
    with pytest.raises(AirflowFailException, match="its last lines: boom"):
        run(applier(), context)
    assert "its last lines: boom" in ti.pushed["failure"]


def test_apply_fails_if_another_run_holds_the_lease(context, platform, ti) -> None:
    ti.xcoms["plan", "plan"] = without_diffs(plan(platform))
    platform.acquire_lease("another run")
    with pytest.raises(AirflowFailException, match="another run"):
        run(applier(), context)


def test_apply_that_failed_succeeds_on_next_try(context, platform, ti) -> None:
    ti.xcoms["plan", "plan"] = without_diffs(plan(platform))
    platform.breaks = {"loki"}
    with pytest.raises(AirflowFailException):
        run(applier(), context)
    platform.breaks = set()
    assert run(applier(), context)["revision"] == 2
    assert platform.live("loki") == platform.desired()["loki"]


def test_stage_outside_the_plan_is_skipped_and_changes_nothing(context, platform, ti) -> None:
    ti.xcoms["plan", "plan"] = without_diffs(plan(platform, ["storage"]))
    with pytest.raises(AirflowSkipException, match="The stage loki was not chosen for this run"):
        run(applier(), context)
    assert platform.did == []


def test_verify_returns_the_checks_of_the_stage(context, platform, monkeypatch) -> None:
    check = VerificationResult("ready", "main-ingester-0", True, "ready", 0.1)
    monkeypatch.setattr("logops.rollout.verify_stage", lambda platform, stage, progress: (check,))
    result = run(RolloutVerifyOperator(task_id="task", stage="loki", environment="local"), context)
    assert [check["name"] for check in result["checks"]] == ["ready"]


def test_failed_verification_fails_the_task_and_reports_the_check(context, platform, ti, monkeypatch) -> None:
    def fails(platform, stage, progress):
        raise VerificationError("loki", (VerificationResult("ring", "main", False, "2 of 3 ACTIVE"),))

    monkeypatch.setattr("logops.rollout.verify_stage", fails)
    with pytest.raises(AirflowFailException, match="2 of 3 ACTIVE"):
        run(RolloutVerifyOperator(task_id="task", stage="loki", environment="local"), context)
    assert "2 of 3 ACTIVE" in ti.pushed["failure"]
