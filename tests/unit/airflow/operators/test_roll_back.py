"""RolloutRollBackOperator: the stages that it rolls back, and the runs that it skips."""

from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from logops.airflow.operators.plan import without_diffs
from logops.airflow.operators.roll_back import RolloutRollBackOperator
from logops.platforms.platform import PlatformError
from logops.rollout import plan

RUN = "manual__2026-01-01T12:00:00+00:00"


def run(context: dict[str, Any], environment: str = "local") -> Any:
    operator = RolloutRollBackOperator(
        task_id="task", environment=environment, plan="{{ ti.xcom_pull(task_ids='plan', key='plan') }}"
    )
    operator.render_template_fields(context)
    return operator.execute(context)


def test_stages_applied_by_run_are_rolled_back_in_reverse_order(context, platform, ti) -> None:
    ti.xcoms["plan", "plan"] = without_diffs(plan(platform))
    platform.apply("storage", platform.desired()["storage"], "earlier", print)
    for stage in ("loki", "agents"):
        platform.apply(stage, platform.desired()[stage], RUN, print)
    platform.did.clear()
    assert run(context) == {"agents": None, "loki": None}
    assert platform.did == ["roll back agents", "roll back loki"]


def test_roll_back_is_skipped_if_run_applied_nothing(context, platform, ti) -> None:
    ti.xcoms["plan", "plan"] = without_diffs(plan(platform))
    with pytest.raises(AirflowSkipException):
        run(context)


def test_roll_back_is_skipped_if_another_run_holds_the_lease(context, platform, ti) -> None:
    ti.xcoms["plan", "plan"] = without_diffs(plan(platform))
    platform.apply("storage", platform.desired()["storage"], "another run", print)
    platform.acquire_lease("another run")
    with pytest.raises(AirflowSkipException):
        run(context)
    assert platform.owner == "another run"


def test_roll_back_without_a_plan_is_skipped(context, platform) -> None:
    with pytest.raises(AirflowSkipException):
        run(context, environment="no-such-environment")


def test_failed_roll_back_fails_with_platform_message(context, platform, ti, monkeypatch) -> None:
    ti.xcoms["plan", "plan"] = without_diffs(plan(platform))
    platform.apply("loki", platform.desired()["loki"], RUN, print)

    def fails(*_: Any) -> None:
        raise PlatformError("stopping main-loki-0: still running")

    monkeypatch.setattr(platform, "roll_back", fails)
    with pytest.raises(AirflowFailException, match="still running"):
        run(context)
