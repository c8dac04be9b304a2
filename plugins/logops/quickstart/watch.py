"""Follow a run of a DAG and show its tasks."""

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from logops.quickstart.airflow_api import AirflowApi, TaskState, changes
from logops.quickstart.errors import AirflowUnreachableError, NoResultError
from logops.toolchain.progress import Event, State
from logops.toolchain.progress_board import Board

_UNREACHABLE_SECONDS = 60.0
_NIGHTLY_SECONDS = 60.0
_LAST_LINES = 25
_ENDED = frozenset({"success", "failed"})
_UNDER_WAY = frozenset({"scheduled", "queued", "running", "up_for_retry", "deferred", "awaiting_input"})
_SUMS_UP = ("summary", "reduce")
_HEADLINE = "headline"
"""XCom key of the result in one line (`logops.airflow.operators.work`)."""
_NOISE = ("::group::", "::endgroup::")


class Watch:
    """A run that is being followed."""

    def __init__(
        self,
        api: AirflowApi,
        dag: str,
        run: str,
        board: Board,
        usual_seconds: Mapping[str, float],
        afterwards: Collection[str] = (),
        starts_within_s: float = 3.0,
        poll_s: float = 0.5,
    ) -> None:
        """usual_seconds     usual time of each task
        afterwards        tasks that clean up after a failure
        starts_within_s   a run that is still queued after this time waits for another run
        poll_s            pause between two questions to Airflow
        """
        self._api = api
        self._dag = dag
        self._run = run
        self._board = board
        self._usual_seconds = usual_seconds
        self._afterwards = afterwards
        self._starts_within_s = starts_within_s
        self._poll_s = poll_s
        self._began = self._answered = time.monotonic()
        self._waits = False
        self.tasks: list[TaskState] = []

    def until_ended(self) -> str:
        while True:
            try:
                # Ask for the run's state before its tasks, so that the tasks' last states are read when the run has
                # ended.
                state = self._api.run_state(self._dag, self._run)
                tasks = self._api.tasks(self._dag, self._run)
                self._answered = time.monotonic()
            except AirflowUnreachableError:
                # A machine that starts twenty processes may leave Airflow little processor time for a while.
                if time.monotonic() - self._answered > _UNREACHABLE_SECONDS:
                    raise
                state, tasks = "", self.tasks
            self._report_whether_it_waits(state)
            for task in changes(self.tasks, tasks):
                if event := event_of(self._dag, task, self._usual_seconds):
                    self._board(event)
            self.tasks = tasks
            if state in _ENDED:
                return state
            time.sleep(self._poll_s)

    def _report_whether_it_waits(self, state: str) -> None:
        """A DAG has one run at a time, and the run of a missed night starts as soon as Airflow does."""
        seconds = time.monotonic() - self._began
        self._waits |= state == "queued" and seconds > self._starts_within_s
        if self._waits and state:
            now = State.RUNNING if state == "queued" else State.DONE
            self._board(Event(f"{self._dag}: wait for another run of it", now, seconds, _NIGHTLY_SECONDS))
            self._waits = state == "queued"

    def stop(self) -> None:
        """Fail the running task, so that the DAG rolls back. A run that has not started fails as a whole."""
        while (state := self._api.run_state(self._dag, self._run)) not in _ENDED:
            if state == "queued":
                return self._api.fail_run(self._dag, self._run)
            under_way = [task.task for task in self._api.tasks(self._dag, self._run) if task.state in _UNDER_WAY]
            for name in under_way:
                # Leave the clean-up tasks alone.
                if name not in self._afterwards:
                    self._api.fail_task(self._dag, self._run, name)
            if under_way:
                return None
            # Between two tasks.
            time.sleep(0.1)
        return None

    def failures(self) -> list[str]:
        """Return the last lines of each failed task. A summary task repeats the others, so it counts only if it failed
        alone."""
        failed = [task for task in self.tasks if task.state == "failed"]
        causes = [task for task in failed if task.task not in _SUMS_UP] or failed
        lines: list[str] = []
        for task in causes:
            lines.append(f"Last lines of {task.name}:")
            lines += [f"    {line}" for line in last_log_lines(self._api.log(self._dag, self._run, task))]
        return [*lines, f"All of it: {self._api.url}/dags/{self._dag}/runs/{self._run}"]


def summary_of(
    api: AirflowApi, dag: str, run: str, task: str, board: Board, usual_seconds: Mapping[str, float]
) -> Mapping[str, Any]:
    """Show a run that changes nothing until it ends. Return the summary of its last task.

    Raises NoResultError if there is none.
    """
    watch = Watch(api, dag, run, board, usual_seconds)
    try:
        watch.until_ended()
    except KeyboardInterrupt:
        # There is nothing to roll back.
        api.fail_run(dag, run)
        raise
    summary: Mapping[str, Any] | None = api.xcom(dag, run, task, "summary")
    if summary is None:
        raise NoResultError(f"The run {run} of {dag} gave no result.\n" + "\n".join(watch.failures()))
    return summary


def headline_of(
    api: AirflowApi, dag: str, run: str, task: str, board: Board, usual_seconds: Mapping[str, float]
) -> str:
    """Show a run that changes nothing until it ends. Return its result in one line, also if the run is red.

    Raises NoResultError if there is none.
    """
    watch = Watch(api, dag, run, board, usual_seconds)
    try:
        watch.until_ended()
    except KeyboardInterrupt:
        # There is nothing to roll back.
        api.fail_run(dag, run)
        raise
    headline = api.xcom(dag, run, task, _HEADLINE)
    if headline is None:
        raise NoResultError(f"The run {run} of {dag} gave no result.\n" + "\n".join(watch.failures()))
    return str(headline)


def event_of(dag: str, task: TaskState, usual_seconds: Mapping[str, float]) -> Event | None:
    """Return a task's state as an event; None if it has not started or has nothing to do."""
    match task.state:
        case "success":
            state = State.DONE
        case "failed":
            state = State.FAILED
        case "running" | "queued" | "restarting" | "up_for_retry":
            state = State.RUNNING
        case "deferred" | "awaiting_input":
            state = State.WAITING
        case _:
            return None
    words = [task.state] if task.state in {"queued", "up_for_retry", "awaiting_input"} else []
    detail = " ".join([*words, *([f"try {task.try_number}"] if task.try_number > 1 else [])])
    return Event(f"{dag}: {task.name}", state, task.seconds or 0.0, usual_seconds.get(task.task, 5), detail)


def last_log_lines(lines: Sequence[str], count: int = _LAST_LINES) -> list[str]:
    """Return the end of a log, without Airflow's folding marks."""
    return [line for line in lines if not line.startswith(_NOISE)][-count:]
