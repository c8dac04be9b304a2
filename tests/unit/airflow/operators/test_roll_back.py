"""RolloutRollBackOperator: what it puts back, and when it has nothing to do."""

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


def test_what_this_run_applied_is_put_back_last_stage_first(context, platform, ti) -> None:
    ti.xcoms["plan", "plan"] = without_diffs(plan(platform))
    platform.apply("storage", platform.desired()["storage"], "earlier", print)
    for stage in ("loki", "agents"):
        platform.apply(stage, platform.desired()[stage], RUN, print)
    platform.did.clear()
    assert run(context) == {"agents": None, "loki": None}
    assert platform.did == ["roll back agents", "roll back loki"]


def test_a_run_that_applied_nothing_has_nothing_to_put_back(context, platform, ti) -> None:
    ti.xcoms["plan", "plan"] = without_diffs(plan(platform))
    with pytest.raises(AirflowSkipException):
        run(context)


def test_a_run_that_was_refused_the_lease_leaves_the_other_run_alone(context, platform, ti) -> None:
    ti.xcoms["plan", "plan"] = without_diffs(plan(platform))
    platform.apply("storage", platform.desired()["storage"], "another run", print)
    platform.acquire_lease("another run")
    with pytest.raises(AirflowSkipException):
        run(context)
    assert platform.owner == "another run"


def test_a_run_that_could_not_plan_is_not_hidden_behind_a_second_failure(context, platform) -> None:
    with pytest.raises(AirflowSkipException):
        run(context, environment="no-such-environment")


def test_a_roll_back_that_fails_is_told(context, platform, ti, monkeypatch) -> None:
    ti.xcoms["plan", "plan"] = without_diffs(plan(platform))
    platform.apply("loki", platform.desired()["loki"], RUN, print)

    def fails(*_: Any) -> None:
        raise PlatformError("stopping main-loki-0: still running")

    monkeypatch.setattr(platform, "roll_back", fails)
    with pytest.raises(AirflowFailException, match="still running"):
        run(context)
