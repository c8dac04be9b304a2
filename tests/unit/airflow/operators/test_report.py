"""The report of a rollout, from the states and results of its tasks."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.airflow.operators.report import Task, report
from logops.render import STAGES

CHANGES = {"changed": True}
TASKS = ("plan", "approval", *(f"{stage}.{step}" for stage in STAGES for step in ("apply", "verify")), "roll_back")
APPLIED = Task("success", {"revision": 3, "seconds": 1.5})
VERIFIED = Task("success", {"checks": [{}, {}], "seconds": 0.5})


def ended(**changed: Task) -> dict[str, Task]:
    """Return the tasks of a run in which every task passed, except the given ones (`loki_apply=...`)."""
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


def test_passed_run_is_reported_as_rolled_out() -> None:
    ended_report = report("local", CHANGES, ended())
    assert not ended_report.failed
    assert ended_report.headline == "local: rolled out"
    assert ended_report.rows[0] == ("storage", "revision 3 (1.5 s)", "2 checks (0.5 s)")


def test_run_without_changes_is_reported_as_nothing_to_change() -> None:
    tasks = dict.fromkeys(TASKS, Task("skipped")) | {"plan": Task("success")}
    assert report("local", {"changed": False}, tasks).headline == "local: nothing to change"


def test_unchanged_stage_is_reported_as_it_was_before() -> None:
    tasks = ended(storage_apply=Task("success", {"revision": None, "seconds": 0.1}))
    assert report("local", CHANGES, tasks).rows[0][1] == "as it was (0.1 s)"


@given(st.sampled_from(TASKS), st.sampled_from(["failed", "upstream_failed", "none", "removed"]))
def test_run_is_failed_if_any_task_did_not_pass(task: str, state: str) -> None:
    assert report("local", CHANGES, ended() | {task: Task(state)}).failed


def test_run_whose_first_stage_was_refused_is_stopped_before_anything_changed() -> None:
    not_reached = {f"{stage}_{step}": Task("upstream_failed") for stage in STAGES for step in ("apply", "verify")}
    tasks = ended(**not_reached | {"storage_apply": Task("failed", None, "the plan has gone stale", refused=True)})
    ended_report = report("local", CHANGES, tasks)
    assert ended_report.headline == "local: stopped at storage.apply; nothing was changed"


def test_run_without_a_plan_is_failed() -> None:
    assert report("local", None, ended()).failed


def test_failed_run_is_reported_with_error_and_rolled_back_stages() -> None:
    ended_report = report("local", CHANGES, FAILED_AT_LOKI)
    assert ended_report.headline == "local: the rollout failed at loki.apply; rolled back: loki, storage"
    assert "  starting main-ingester-0: FATAL" in ended_report.failure_lines()
    assert "loki: back at revision 2" in ended_report.failure_lines()
    assert "storage: stopped; there was none before" in ended_report.failure_lines()
    assert ended_report.rows[2] == ("agents", "not reached", "not reached")


def test_table_of_stages_is_left_out_if_no_stage_was_reached() -> None:
    stopped = dict.fromkeys(TASKS, Task("upstream_failed")) | {"plan": Task("failed")}
    assert report("local", None, stopped).table_lines() == []


def test_table_of_stages_has_one_row_per_stage_that_was_reached() -> None:
    header, *rows = report("local", CHANGES, FAILED_AT_LOKI).table_lines()
    assert header.split() == ["stage", "applied", "verified"]
    assert [row.split()[0] for row in rows] == [*STAGES]


def test_report_as_dict_is_plain_json() -> None:
    passed_on = report("local", CHANGES, FAILED_AT_LOKI).to_dict()
    assert json.loads(json.dumps(passed_on)) == passed_on


def test_failed_task_without_message_is_reported() -> None:
    assert "loki.apply" in report("local", CHANGES, ended(loki_apply=Task("failed"))).failures


def test_task_without_result_is_reported_as_marked_by_hand() -> None:
    assert report("local", CHANGES, ended(loki_apply=Task("success"))).rows[1][1] == "marked by hand"


@pytest.mark.parametrize("stopped", ["plan", "approval"])
def test_run_stopped_before_any_change_is_reported_as_stopped(stopped: str) -> None:
    tasks: dict[str, Any] = dict.fromkeys(TASKS, Task("upstream_failed")) | {stopped: Task("failed", None, "no")}
    ended_report = report("local", CHANGES, tasks)
    assert ended_report.failed
    assert ended_report.outcome == "stopped"
    assert ended_report.headline == f"local: stopped at {stopped}; nothing was changed"
