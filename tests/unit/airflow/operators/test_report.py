"""What a report says of how a run's tasks ended."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.airflow.operators.report import Task, findings, report
from logops.render import STAGES

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CHANGES = {"changed": True}
TASKS = ("plan", "approval", *(f"{stage}.{step}" for stage in STAGES for step in ("apply", "verify")), "roll_back")
APPLIED = Task("success", {"revision": 3, "seconds": 1.5})
VERIFIED = Task("success", {"checks": [{}, {}], "seconds": 0.5})


def ended(**changed: Task) -> dict[str, Task]:
    """A run in which everything passed, but for what is given (`loki_apply=...`)."""
    tasks = {"plan": Task("success"), "approval": Task("success"), "roll_back": Task("skipped")}
    for stage in STAGES:
        tasks |= {f"{stage}.apply": APPLIED, f"{stage}.verify": VERIFIED}
    return tasks | {name.replace("_", ".") if name != "roll_back" else name: task for name, task in changed.items()}


FAILED_AT_LOKI = ended(
    loki_apply=Task("failed", None, "starting main-ingester-0: FATAL"),
    **{name: Task("upstream_failed") for name in ("loki_verify", "agents_apply", "agents_verify")},
    **{name: Task("upstream_failed") for name in ("tenants_apply", "tenants_verify")},
    roll_back=Task("success", {"loki": 2, "storage": None}),
)


def test_a_run_in_which_everything_passed_is_rolled_out() -> None:
    seen = report("local", CHANGES, ended())
    assert not seen.failed
    assert seen.headline == "local: rolled out"
    assert seen.rows[0] == ("storage", "revision 3 (1.5 s)", "2 checks (0.5 s)")


def test_a_run_with_nothing_to_change_says_so() -> None:
    tasks = dict.fromkeys(TASKS, Task("skipped")) | {"plan": Task("success")}
    assert report("local", {"changed": False}, tasks).headline == "local: nothing to change"


def test_a_stage_that_was_as_wanted_is_told_apart_from_one_that_changed() -> None:
    tasks = ended(storage_apply=Task("success", {"revision": None, "seconds": 0.1}))
    assert report("local", CHANGES, tasks).rows[0][1] == "as it was (0.1 s)"


@given(st.sampled_from(TASKS), st.sampled_from(["failed", "upstream_failed", "none", "removed"]))
def test_a_run_is_failed_where_any_task_did_not_pass(task: str, state: str) -> None:
    assert report("local", CHANGES, ended() | {task: Task(state)}).failed


def test_a_run_that_could_not_plan_is_failed() -> None:
    assert report("local", None, ended()).failed


def test_a_failure_is_told_in_its_own_words_with_what_was_put_back() -> None:
    seen = report("local", CHANGES, FAILED_AT_LOKI)
    assert seen.headline == "local: the rollout failed at loki.apply; rolled back: loki, storage"
    assert "  starting main-ingester-0: FATAL" in seen.lines()
    assert "loki: back at revision 2" in seen.lines()
    assert "storage: stopped; there was none before" in seen.lines()
    assert seen.rows[2] == ("agents", "not reached", "not reached")


def test_a_report_is_passed_on_as_plain_json() -> None:
    passed_on = report("local", CHANGES, FAILED_AT_LOKI).to_dict()
    assert json.loads(json.dumps(passed_on)) == passed_on


def test_a_task_that_was_stopped_from_outside_is_named_too() -> None:
    assert "loki.apply" in report("local", CHANGES, ended(loki_apply=Task("failed"))).failures


def test_a_task_that_a_person_marked_as_passed_is_told_apart() -> None:
    assert report("local", CHANGES, ended(loki_apply=Task("success"))).rows[1][1] == "marked by hand"


def test_a_failed_stage_leaves_one_finding() -> None:
    (finding,) = findings(report("local", CHANGES, FAILED_AT_LOKI), NOON) or []
    assert finding.cls.name == "rollout-failed"
    assert finding.subject.environment == "local"
    assert "FATAL" in finding.message
    assert finding.as_of == NOON


def test_a_rollout_that_passes_leaves_none_so_that_an_earlier_one_is_gone() -> None:
    assert findings(report("local", CHANGES, ended()), NOON) == []


@pytest.mark.parametrize("stopped", ["plan", "approval"])
def test_a_run_that_was_stopped_before_it_touched_anything_says_nothing_of_the_environment(stopped: str) -> None:
    tasks: dict[str, Any] = dict.fromkeys(TASKS, Task("upstream_failed")) | {stopped: Task("failed", None, "no")}
    seen = report("local", CHANGES, tasks)
    assert seen.failed
    assert seen.headline == f"local: stopped at {stopped}; nothing was changed"
    assert findings(seen, NOON) is None
