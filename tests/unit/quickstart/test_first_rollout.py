"""A run of the rollout DAG, as `make up` shows it."""

from datetime import UTC, datetime

import pytest

from logops.quickstart.airflow_api import TaskState, changes, log_lines
from logops.quickstart.first_rollout import changed_something, left_under_way, run_id
from logops.quickstart.watch import event_of, last_log_lines
from logops.toolchain import State


def task(state: str, name: str = "loki.apply", seconds: float | None = 4.2, try_number: int = 1) -> TaskState:
    return TaskState(name, state, seconds, try_number)


def test_run_id_has_make_up_environment_and_time() -> None:
    assert run_id("local", datetime(2026, 11, 23, 7, 30, tzinfo=UTC)) == "make-up-local-20261123T073000Z"


def test_run_of_interrupted_make_up_is_resumed() -> None:
    left = run_id("local", datetime(2026, 11, 23, 7, 30, tzinfo=UTC))

    assert left_under_way(["manual__1", left], "local") == left


@pytest.mark.parametrize("other", ["manual__1", "make-up-local-2-20261123T073000Z", "make-up-other-20261123T073000Z"])
def test_run_with_other_trigger_or_environment_is_not_resumed(other: str) -> None:
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
def test_task_is_shown_with_its_state(state: str, shown: State) -> None:
    event = event_of("rollout", task(state), {})

    assert event is not None
    assert (event.what, event.state, event.seconds) == ("rollout: loki.apply", shown, 4.2)


@pytest.mark.parametrize("state", ["waiting", "skipped", "upstream_failed", "scheduled"])
def test_task_that_has_not_started_or_was_skipped_is_hidden(state: str) -> None:
    assert event_of("rollout", task(state), {}) is None


def test_second_try_is_shown_with_its_number() -> None:
    event = event_of("rollout", task("queued", try_number=2), {})

    assert event is not None
    assert event.detail == "queued try 2"


def test_only_changed_tasks_are_returned_as_changes() -> None:
    before = [task("running"), task("success", "plan")]

    assert changes(before, [task("success"), task("success", "plan")]) == [task("success")]


def test_retried_task_is_returned_as_changed() -> None:
    assert changes([task("running")], [task("running", try_number=2)]) == [task("running", try_number=2)]


def test_rollout_with_an_applied_stage_counts_as_changed() -> None:
    assert changed_something([task("success", "plan"), task("success", "storage.apply")])


def test_rollout_with_skipped_applies_counts_as_unchanged() -> None:
    assert not changed_something([task("success", "plan"), task("skipped", "storage.apply")])


def test_log_entry_with_error_includes_exception_lines() -> None:
    entry = {
        "event": "Task failed",
        "error_detail": [{"exc_type": "PlatformError", "exc_value": "it died\nlast words"}],
    }

    assert log_lines(entry) == ["Task failed", "PlatformError: it died", "last words"]


def test_plain_text_log_is_split_into_lines() -> None:
    assert log_lines("started\nready") == ["started", "ready"]


def test_last_log_lines_exclude_group_markers_of_airflow() -> None:
    assert last_log_lines(["a", "::group::Post Execute", "b", "::endgroup::", "c"], count=2) == ["b", "c"]
