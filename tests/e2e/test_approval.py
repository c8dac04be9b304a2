"""Approval by a person: only the plan that was approved is applied."""

from collections.abc import Callable

from logops.platforms.local import LocalPlatform
from logops.stages import STAGES
from tests.support.checkouts import Checkout
from tests.support.local_platforms import all_ready, pids
from tests.support.rollouts import Rollouts, edit

Live = Callable[[str], LocalPlatform]
APPLIES = {f"{stage}.apply" for stage in STAGES}


def test_rollout_waits_for_approval_and_then_applies_plan(checkout: Checkout, rollouts: Rollouts, live: Live) -> None:
    edit(checkout.root, "approved", ("approval.required", True))
    platform = live("approved")
    run = rollouts.trigger("approved", auto_approve=False)
    run.wait_for_task("approval", {"deferred", "awaiting_input"})
    assert platform.processes() == []

    run.answer("Approve")

    assert run.ended() == "success"
    assert run.xcom("approval", "approved")["digest"] == run.xcom("plan", "plan")["digest"]
    assert run.states("success") >= APPLIES
    assert all_ready(platform)


def test_rejected_plan_changes_nothing(checkout: Checkout, rollouts: Rollouts, live: Live) -> None:
    edit(checkout.root, "refused", ("approval.required", True))
    run = rollouts.trigger("refused", auto_approve=False)
    run.wait_for_task("approval", {"deferred", "awaiting_input"})

    run.answer("Reject")

    assert run.ended() == "failed"
    assert "rejected the plan. Nothing was changed." in run.log("approval")
    assert run.states("upstream_failed") >= APPLIES
    assert pids(live("refused")) == {}


def test_approved_plan_is_refused_if_environment_file_changed(
    checkout: Checkout, rollouts: Rollouts, live: Live
) -> None:
    edit(checkout.root, "refused", ("approval.required", True))
    run = rollouts.trigger("refused", auto_approve=False, stages=["storage"])
    run.wait_for_task("approval", {"deferred", "awaiting_input"})
    edit(checkout.root, "refused", ("storage_accounts.security.containers", ["security-logs", "security-rules", "new"]))

    run.answer("Approve")

    assert run.ended() == "failed"
    assert "was approved. Its file changed after the plan: trigger a new rollout." in run.log("storage.apply")
    assert pids(live("refused")) == {}


def test_auto_approval_is_refused_if_approval_is_required(checkout: Checkout, rollouts: Rollouts, live: Live) -> None:
    edit(checkout.root, "refused", ("approval.required", True))
    run = rollouts.trigger("refused", auto_approve=True)

    assert run.ended() == "failed"
    assert "requires approval" in run.log("plan")
    assert pids(live("refused")) == {}
