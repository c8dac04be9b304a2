"""Past rollouts, read back with their plans."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from logops.findings.store import ResultsStore
from logops.render import Files
from logops.rollout import Approval, Plan, RolloutOutcome, RolloutResult, plan_stage, recorded, write_plan, write_record
from logops.rollout.past import PastRollout, read_past, with_plans
from logops.rollout.text import file_diffs

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CHANGED = plan_stage("loki", Files({"loki/main.yaml": "a: 1\n"}), Files({"loki/main.yaml": "a: 2\n"}))
PLAN = Plan("local", (CHANGED,), made_at=NOON)


@pytest.fixture
def store(tmp_path: Path) -> ResultsStore:
    return ResultsStore(str(tmp_path))


def roll_out(store: ResultsStore, at: datetime, result: RolloutResult | None = None) -> None:
    """Record a rollout of PLAN that ended at a moment."""
    passed = RolloutResult("local", RolloutOutcome.ROLLED_OUT, {}, ("loki",), {})
    plan = replace(PLAN, made_at=at - timedelta(hours=1))
    approval = Approval(PLAN.digest, "ada", at, "airflow", "Ada L.")
    write_plan(store, plan, f"run-{at:%Y-%m-%d}")
    write_record(store, recorded(plan, result or passed, f"run-{at:%Y-%m-%d}", at, approval, at))


def read_whole(store: ResultsStore, now: datetime, most: int = 9) -> list[PastRollout]:
    return with_plans(store, "local", read_past(store, "local", now, most))


def test_past_rollouts_are_newest_first(store: ResultsStore) -> None:
    for days in (0, 2, 1):
        roll_out(store, NOON + timedelta(days=days))

    past = read_past(store, "local", NOON + timedelta(days=9), most=2)

    assert [rollout.run for rollout in past] == ["run-2026-01-03", "run-2026-01-02"]


def test_past_rollout_has_its_diff_and_its_approver(store: ResultsStore) -> None:
    roll_out(store, NOON)

    (past,) = read_whole(store, NOON)

    assert past.plan is not None
    assert [diff.lines[1:] for diff in file_diffs(past.plan)] == [("-a: 1", "+a: 2")]
    assert (past.approver, past.approved_via) == ("Ada L. (ada)", "airflow")


def test_plan_made_a_week_after_the_start_of_its_run_is_found(store: ResultsStore) -> None:
    plan = replace(PLAN, made_at=NOON + timedelta(days=7))
    write_plan(store, plan, "manual")
    result = RolloutResult("local", RolloutOutcome.ROLLED_OUT, {}, ("loki",), {})
    write_record(store, recorded(plan, result, "manual", NOON, None, NOON))

    (past,) = read_whole(store, NOON + timedelta(days=8))

    assert past.plan is not None


def test_failed_rollout_keeps_the_message_of_each_step(store: ResultsStore) -> None:
    failures = {"loki.verify": "main-querier is not ready", "roll_back": "no revision"}
    roll_out(store, NOON, RolloutResult("local", RolloutOutcome.FAILED, failures, ("loki",), {"loki": 2}))

    (past,) = read_past(store, "local", NOON, most=9)

    assert (past.failures, past.rolled_back) == (failures, ("loki",))


def test_environment_without_a_recent_rollout_shows_its_last_one(store: ResultsStore) -> None:
    roll_out(store, NOON)

    assert [rollout.run for rollout in read_past(store, "local", NOON + timedelta(days=300), most=9)] == [
        "run-2026-01-01"
    ]


def test_record_of_an_earlier_version_is_read_without_plan_and_messages(store: ResultsStore) -> None:
    row = {"environment": "local", "run": "old", "as_of": NOON, "plan": "d1", "approver": None, "approved_at": None}
    row |= {"approved_via": None, "outcome": "failed", "applied": ["loki"], "failed_at": ["loki.verify"]}
    store.write("rollouts", "local.old", pa.Table.from_pylist([row]), NOON)

    (past,) = read_past(store, "local", NOON, most=9)

    assert (past.plan, past.failures, past.approver) == (None, {"loki.verify": ""}, "")


def test_environment_without_rollouts_has_no_past(store: ResultsStore) -> None:
    assert read_past(store, "local", NOON, most=9) == []
