"""A run of the rollout DAG as it is told to a person."""

from datetime import UTC, datetime

import pytest

from logops.quickstart.airflow_api import TaskState, changes, log_lines
from logops.quickstart.first_rollout import changed_something, left_under_way, run_id
from logops.quickstart.watch import event_of, last_said
from logops.toolchain import State


def task(state: str, name: str = "loki.apply", seconds: float | None = 4.2, try_number: int = 1) -> TaskState:
    return TaskState(name, state, seconds, try_number)


def test_a_run_says_that_make_up_triggered_it_and_for_what() -> None:
    assert run_id("local", datetime(2026, 11, 23, 7, 30, tzinfo=UTC)) == "make-up-local-20261123T073000Z"


def test_a_run_that_an_interrupted_make_up_left_is_taken_up() -> None:
    left = run_id("local", datetime(2026, 11, 23, 7, 30, tzinfo=UTC))

    assert left_under_way(["manual__1", left], "local") == left


@pytest.mark.parametrize("other", ["manual__1", "make-up-local-2-20261123T073000Z", "make-up-other-20261123T073000Z"])
def test_a_run_of_somebody_else_or_for_another_environment_is_not_taken_up(other: str) -> None:
    assert left_under_way([other], "local") is None


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("success", State.DONE),
        ("failed", State.FAILED),
        ("running", State.RUNNING),
        ("queued", State.RUNNING),
        ("up_for_retry", State.RUNNING),
        ("awaiting_input", State.WAITING),
    ],
)
def test_a_task_is_shown_as_it_stands(state: str, shown: State) -> None:
    event = event_of("rollout", task(state), {})

    assert event is not None
    assert (event.what, event.state, event.seconds) == ("rollout: loki.apply", shown, 4.2)


@pytest.mark.parametrize("state", ["waiting", "skipped", "upstream_failed", "scheduled"])
def test_a_task_that_does_nothing_is_not_shown(state: str) -> None:
    assert event_of("rollout", task(state), {}) is None


def test_a_second_try_is_told_as_one() -> None:
    event = event_of("rollout", task("queued", try_number=2), {})

    assert event is not None
    assert event.detail == "queued try 2"


def test_only_what_changed_is_told_again() -> None:
    before = [task("running"), task("success", "plan")]

    assert changes(before, [task("success"), task("success", "plan")]) == [task("success")]


def test_a_retried_task_is_told_again() -> None:
    assert changes([task("running")], [task("running", try_number=2)]) == [task("running", try_number=2)]


def test_a_rollout_that_applied_a_stage_changed_something() -> None:
    assert changed_something([task("success", "plan"), task("success", "storage.apply")])


def test_a_rollout_whose_applies_were_skipped_changed_nothing() -> None:
    assert not changed_something([task("success", "plan"), task("skipped", "storage.apply")])


def test_a_logged_error_is_read_with_its_cause() -> None:
    entry = {
        "event": "Task failed",
        "error_detail": [{"exc_type": "PlatformError", "exc_value": "it died\nlast words"}],
    }

    assert log_lines(entry) == ["Task failed", "PlatformError: it died", "last words"]


def test_a_log_line_that_is_plain_text_stays_one() -> None:
    assert log_lines("started\nready") == ["started", "ready"]


def test_the_last_lines_are_without_airflows_folding_marks() -> None:
    assert last_said(["a", "::group::Post Execute", "b", "::endgroup::", "c"], count=2) == ["b", "c"]
