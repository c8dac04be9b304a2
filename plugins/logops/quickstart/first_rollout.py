"""The `rollout` DAG, run through Airflow's API and shown task by task."""

import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from logops.quickstart.airflow_api import AirflowApi, TaskState, changes
from logops.quickstart.errors import AirflowUnreachable, RolloutFailed
from logops.quickstart.show import Board
from logops.toolchain.progress import Event, State

DAG = "rollout"

_USUAL_SECONDS: Mapping[str, float] = {
    "plan": 3,
    "storage.apply": 6,
    "storage.verify": 3,
    "loki.apply": 30,
    "loki.verify": 5,
    "agents.apply": 5,
    "agents.verify": 8,
    "tenants.apply": 3,
    "tenants.verify": 5,
    "roll_back": 15,
    "summary": 3,
}
"""On two cores, from nothing."""
_UNREACHABLE_SECONDS = 60.0
_LAST_LINES = 25
_ENDED = frozenset({"success", "failed"})
_UNDER_WAY = frozenset({"scheduled", "queued", "running", "up_for_retry", "deferred", "awaiting_input"})
_AFTERWARDS = frozenset({"roll_back", "summary"})
_NOISE = ("::group::", "::endgroup::")


def run_id(environment: str, now: datetime) -> str:
    """Says who triggered it, for what, and when.

    >>> run_id("local", datetime(2026, 11, 23, 7, 30, tzinfo=UTC))
    'make-up-local-20261123T073000Z'
    """
    return f"make-up-{environment}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def left_under_way(runs: Sequence[str], environment: str) -> str | None:
    """The run that an interrupted `make up` of this environment left, if one of `runs` is that."""
    pattern = re.compile(rf"make-up-{re.escape(environment)}-\d{{8}}T\d{{6}}Z")
    return next((run for run in runs if pattern.fullmatch(run)), None)


def roll_out(api: AirflowApi, environment: str, board: Board) -> list[TaskState]:
    """Trigger the rollout of an environment, or take up the one that an interrupted `make up` left under way; show
    its tasks until it ends. Gives the tasks.

    Raises RolloutFailed with the failing tasks' last lines. On Ctrl-C the task that runs is marked failed, so that
    the DAG rolls back what it applied, and KeyboardInterrupt is raised when it has.
    """
    active = api.runs(DAG, ("running", "queued"))
    run = left_under_way(active, environment)
    if run is None:
        run = run_id(environment, datetime.now(UTC))
        api.trigger(DAG, run, {"environment": environment, "auto_approve": True})
        if active:
            board.say(f"Another rollout is under way ({active[0]}); this one waits for it.")
    watch = _Watch(api, run, board)
    try:
        state = watch.until_ended()
    except KeyboardInterrupt:
        board.say("Interrupted: stopping the rollout and rolling back. Ctrl-C again leaves the rest to Airflow.")
        watch.stop()
        watch.until_ended()
        raise
    if state != "success":
        raise RolloutFailed(f"The rollout {run} failed.\n" + "\n".join(watch.failures()))
    return watch.tasks


class _Watch:
    """A run, as it goes on."""

    def __init__(self, api: AirflowApi, run: str, board: Board) -> None:
        self._api = api
        self._run = run
        self._board = board
        self._answered = time.monotonic()
        self.tasks: list[TaskState] = []

    def until_ended(self) -> str:
        while True:
            try:
                # Asked before the tasks, so that when the run has ended, every task's last state is read too.
                state = self._api.run_state(DAG, self._run)
                tasks = self._api.tasks(DAG, self._run)
                self._answered = time.monotonic()
            except AirflowUnreachable:
                # A machine that starts twenty processes may leave Airflow little room for a while.
                if time.monotonic() - self._answered > _UNREACHABLE_SECONDS:
                    raise
                state, tasks = "", self.tasks
            for task in changes(self.tasks, tasks):
                if event := event_of(task):
                    self._board(event)
            self.tasks = tasks
            if state in _ENDED:
                return state
            time.sleep(0.5)

    def stop(self) -> None:
        """Fail the task that is under way, so that the DAG rolls back; a run that has not begun fails as a whole."""
        while (state := self._api.run_state(DAG, self._run)) not in _ENDED:
            if state == "queued":
                return self._api.fail_run(DAG, self._run)
            under_way = [task.task for task in self._api.tasks(DAG, self._run) if task.state in _UNDER_WAY]
            for name in under_way:
                # What puts things in order is left to do so.
                if name not in _AFTERWARDS:
                    self._api.fail_task(DAG, self._run, name)
            if under_way:
                return None
            # Between two tasks.
            time.sleep(0.1)
        return None

    def failures(self) -> list[str]:
        """What each failed task logged last; the summary's log repeats the others', so it counts only alone."""
        failed = [task for task in self.tasks if task.state == "failed"]
        causes = [task for task in failed if task.task != "summary"] or failed
        lines: list[str] = []
        for task in causes:
            lines.append(f"Last lines of {task.task}:")
            lines += [f"    {line}" for line in last_said(self._api.log(DAG, self._run, task.task, task.try_number))]
        return [*lines, f"All of it: {self._api.url}/dags/{DAG}/runs/{self._run}"]


def event_of(task: TaskState) -> Event | None:
    """A task's state as an event; None for one that has not begun or has nothing to do."""
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
    return Event(f"rollout: {task.task}", state, task.seconds or 0.0, _USUAL_SECONDS.get(task.task, 5), detail)


def last_said(lines: Sequence[str], count: int = _LAST_LINES) -> list[str]:
    """The end of a log without Airflow's own folding marks."""
    return [line for line in lines if not line.startswith(_NOISE)][-count:]


def changed_something(tasks: Sequence[TaskState]) -> bool:
    """Whether a rollout applied any stage: with nothing to change, all applies are skipped."""
    return any(task.task.endswith(".apply") and task.state == "success" for task in tasks)
