"""Run the `rollout` DAG through Airflow's API, and show its tasks."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from logops.quickstart.airflow_api import AirflowApi, TaskState
from logops.quickstart.errors import RolloutFailedError
from logops.quickstart.watch import Watch
from logops.toolchain.progress_board import Board

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
"""On two cores, with an empty state."""
_AFTERWARDS = frozenset({"roll_back", "summary"})


def run_id(environment: str, now: datetime, command: str = "make-up") -> str:
    """Return a run id with the command that starts the run, the environment and the time.

    >>> run_id("local", datetime(2026, 11, 23, 7, 30, tzinfo=UTC))
    'make-up-local-20261123T073000Z'
    """
    return f"{command}-{environment}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def left_under_way(runs: Sequence[str], environment: str) -> str | None:
    """Return the run that an interrupted `make up` of this environment left, if it is among `runs`."""
    pattern = re.compile(rf"make-up-{re.escape(environment)}-\d{{8}}T\d{{6}}Z")
    return next((run for run in runs if pattern.fullmatch(run)), None)


def roll_out(api: AirflowApi, environment: str, board: Board) -> list[TaskState]:
    """Trigger the rollout of an environment, or follow the one that an interrupted `make up` left. Return its tasks.

    Raises RolloutFailedError with the last lines of the failed tasks. On Ctrl-C the current task is marked failed,
    so that the DAG rolls back; then KeyboardInterrupt is raised.
    """
    active = api.runs(DAG, ("running", "queued"))
    run = left_under_way(active, environment)
    if run is None:
        run = run_id(environment, datetime.now(UTC))
        if active:
            board.say(f"Another rollout is under way ({active[0]}); this one waits for it.")
        api.trigger(DAG, run, {"environment": environment, "auto_approve": True})
    watch = Watch(api, DAG, run, board, _USUAL_SECONDS, _AFTERWARDS)
    try:
        state = watch.until_ended()
    except KeyboardInterrupt:
        board.say("Interrupted: stopping the rollout and rolling back. Ctrl-C again leaves the rest to Airflow.")
        watch.stop()
        watch.until_ended()
        raise
    if state != "success":
        raise RolloutFailedError(f"The rollout {run} failed.\n" + "\n".join(watch.failures()))
    return watch.tasks


def changed_something(tasks: Sequence[TaskState]) -> bool:
    """Whether a rollout applied a stage. If nothing changes, all applies are skipped."""
    return any(task.task.endswith(".apply") and task.state == "success" for task in tasks)
