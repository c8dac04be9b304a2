"""RolloutPlanOperator: its plan, the tasks that it skips, and its refusals."""

import json
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException, DownstreamTasksSkipped

from logops.airflow.operators.approval import RolloutApprovalOperator
from logops.airflow.operators.plan import RolloutPlanOperator
from logops.airflow.operators.stage import RolloutApplyOperator, RolloutVerifyOperator
from logops.render import STAGES
from logops.rollout import Plan, plan
from tests.support.environments import environment

ALL_STAGES = {f"{stage}_{step}" for stage in STAGES for step in ("apply", "verify")}


@pytest.fixture
def planner() -> RolloutPlanOperator:
    with DAG("plan_test", schedule=None):
        operator = RolloutPlanOperator(
            task_id="plan",
            environment="{{ params.environment }}",
            stages="{{ params.stages }}",
            auto_approve="{{ params.auto_approve }}",
        )
        before: Any = RolloutApprovalOperator(task_id="approval", environment="local", digest="", subject="?")
        operator >> before
        for stage in STAGES:
            apply = RolloutApplyOperator(
                task_id=f"{stage}_apply", stage=stage, environment="local", plan="", approved=None
            )
            verify = RolloutVerifyOperator(task_id=f"{stage}_verify", stage=stage, environment="local")
            before = before >> apply >> verify
    return operator


def run(
    planner: RolloutPlanOperator,
    context: dict[str, Any],
    name: str = "local",
    stages: tuple[str, ...] = STAGES,
    auto_approve: bool = False,
    accept: str | None = "",
) -> set[str]:
    """Render the fields as Airflow does, plan, and return the tasks that are skipped."""
    context["params"] = {
        "environment": name,
        "stages": list(stages),
        "auto_approve": auto_approve,
        "accept": accept,
    }
    planner.render_template_fields(context)
    try:
        planner.execute(context)
    except DownstreamTasksSkipped as skipped:
        return set(skipped.tasks)
    return set()


def apply_everything(platform: Any) -> None:
    for stage, files in platform.desired().items():
        platform.apply(stage, files, "earlier", print)
    platform.did.clear()


def test_plan_with_changes_skips_no_task(planner, context, platform) -> None:
    assert run(planner, context) == set()


def test_plan_xcom_is_the_plan_without_diffs(planner, context, platform, ti) -> None:
    run(planner, context)
    wanted = plan(platform)
    passed_on = ti.pushed["plan"]
    assert Plan.from_dict(passed_on).digest == wanted.digest == passed_on["digest"]
    assert not any("diff" in stage for stage in passed_on["stages"])
    assert json.loads(json.dumps(passed_on)) == passed_on


def test_plan_markdown_shows_the_diffs(planner, context, platform, ti) -> None:
    run(planner, context)
    assert "+loki 1" in ti.pushed["markdown"]


def test_plan_without_changes_skips_approval_and_all_stages(planner, context, platform) -> None:
    apply_everything(platform)
    assert run(planner, context) == {"approval"} | ALL_STAGES


def test_planning_changes_nothing(planner, context, platform) -> None:
    run(planner, context)
    assert platform.did == []


def test_auto_approval_skips_only_the_approval(planner, context, platform) -> None:
    assert run(planner, context, auto_approve=True) == {"approval"}


def test_stage_that_was_not_chosen_is_not_in_the_plan_and_not_skipped_early(planner, context, platform, ti) -> None:
    assert run(planner, context, stages=("loki", "tenants")) == set()
    assert [stage["stage"] for stage in ti.pushed["plan"]["stages"]] == ["loki", "tenants"]


def test_auto_approval_is_refused_if_environment_requires_approval(planner, context, platform, ti) -> None:
    with pytest.raises(
        AirflowFailException, match="rolling out 'production' without asking: this environment requires approval"
    ):
        run(planner, context, name="production", auto_approve=True)
    assert "plan" not in ti.pushed


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every environment keeps the application's logs for 60 days, although 90 are promised."""
    wanted = environment("local", ("clusters.main.tenants.application.retention.keep", "60d"))
    monkeypatch.setattr("logops.airflow.operators.plan.read_environment", lambda name: wanted)


@pytest.mark.usefixtures("short")
def test_critical_finding_refuses_the_plan_and_leaves_it_readable(planner, context, platform, ti) -> None:
    with pytest.raises(AirflowFailException, match="refused because of critical findings: 1 retention-short"):
        run(planner, context)
    assert "plan" not in ti.pushed
    assert "not accepted, so the rollout is refused" in ti.pushed["markdown"]
    assert "`retention-short: REASON`" in ti.pushed["failure"]


@pytest.mark.usefixtures("short")
def test_critical_finding_that_is_accepted_does_not_refuse_the_plan(planner, context, platform, ti) -> None:
    assert run(planner, context, accept="retention-short: the data protection officer asked\n") == set()
    assert ti.pushed["plan"]["accepted"] == [
        {"class": "retention-short", "reason": "the data protection officer asked"}
    ]


@pytest.mark.usefixtures("short")
def test_acceptance_without_reason_fails_the_plan_with_an_example(planner, context, platform) -> None:
    with pytest.raises(AirflowFailException, match="Write CLASS=REASON"):
        run(planner, context, accept="retention-short")


def test_empty_acceptance_of_a_form_is_no_acceptance(planner, context, platform, ti) -> None:
    run(planner, context, accept=None)
    assert ti.pushed["plan"]["accepted"] == []


def test_unknown_environment_fails_with_names_of_known_environments(planner, context, platform, ti) -> None:
    with pytest.raises(AirflowFailException, match="local, production"):
        run(planner, context, name="staging")
    assert "local, production" in ti.pushed["failure"]
