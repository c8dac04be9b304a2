"""Runs of the rollout DAG, through the same Airflow API that the UI uses."""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

from logops.environment import Environment
from logops.platforms.platform import DeployablePlatform, Progress
from logops.quickstart.airflow_api import AirflowApi, TaskState
from logops.quickstart.airflow_process import Airflow
from logops.rollout import RolloutResult, plan, run_rollout, unattended
from logops.rollout.approval import TERMINAL
from tests.support.waiting import wait_for

DAG = "rollout"
ENDED = ("success", "failed")


def environment_file(root: Path, name: str) -> Path:
    return root / "include" / "environments" / f"{name}.yaml"


def save(root: Path, wanted: Environment) -> None:
    """Write an environment's file."""
    file = environment_file(root, wanted.name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(json.loads(wanted.model_dump_json(by_alias=True, exclude_none=True))))


def edit(root: Path, name: str, *changes: tuple[str, Any]) -> None:
    """Set values in an environment's file: `("clusters.security.log_level", "info")`."""
    file = environment_file(root, name)
    data = yaml.safe_load(file.read_text())
    for path, value in changes:
        *parents, last = path.split(".")
        at = data
        for parent in parents:
            at = at[parent]
        at[last] = value
    file.write_text(yaml.safe_dump(data))


@dataclass(frozen=True)
class Run:
    """One run of the DAG."""

    api: AirflowApi
    id: str
    airflow_log: Path

    @property
    def path(self) -> str:
        return f"/api/v2/dags/{DAG}/dagRuns/{self.id}"

    @property
    def state(self) -> str:
        return self.api.run_state(DAG, self.id)

    def tasks(self) -> dict[str, TaskState]:
        return {task.task: task for task in self.api.tasks(DAG, self.id)}

    def states(self, state: str) -> set[str]:
        return {name for name, task in self.tasks().items() if task.state == state}

    def log(self, task: str) -> str:
        """Return the log of the task's last try."""
        return "\n".join(self.api.log(DAG, self.id, self.tasks()[task]))

    def xcom(self, task: str, key: str = "return_value") -> Any:
        return self.api.get(f"{self.path}/taskInstances/{task}/xcomEntries/{key}", f"reading {key} of {task}")["value"]

    def answer(self, option: str) -> None:
        """Answer the approval: `Approve` or `Reject`.

        Wait until the scheduler has recorded that the task is paused. If a task resumes earlier, Airflow 3.3 treats the
        task as killed and asks again. A person never answers that fast.
        """
        paused = (
            f"executor event with state success for task instance TaskInstanceKey(dag_id='{DAG}', task_id='approval'"
        )
        noted = f"{paused}, run_id='{self.id}'"
        self.wait(lambda: noted in self.airflow_log.read_text(errors="replace"), 60)
        self.api.patch(f"{self.path}/taskInstances/approval/-1/hitlDetails", "answering", {"chosen_options": [option]})

    def times(self) -> tuple[str, str]:
        """Return the start and end time of the run, as sortable texts."""
        found = self.api.get(self.path, "reading the run")
        return found["start_date"], found["end_date"]

    def ended(self, seconds: float = 240) -> str:
        """Wait until the run ends and return its state."""
        self.wait(lambda: self.state in ENDED, seconds)
        return self.state

    def wait_for_task(self, task: str, states: Collection[str], seconds: float = 120) -> None:
        self.wait(lambda: self.tasks()[task].state in states, seconds)

    def wait(self, seen: Callable[[], bool], seconds: float) -> None:
        # Not more often: leave the processor to Airflow.
        wait_for(seen, seconds, every=0.5, state=lambda: f"{self.state}: {self.tasks()}")


class Rollouts:
    """Triggers runs and ends them."""

    def __init__(self, airflow: Airflow) -> None:
        self._airflow = airflow
        self._api = airflow.api()
        self._triggered: list[Run] = []

    def trigger(self, environment: str, *, auto_approve: bool = True, **params: Any) -> Run:
        wait_for(lambda: self._api.has_dag(DAG), 240, every=0.5)
        run = f"e2e-{environment}-{uuid4().hex[:8]}"
        self._api.trigger(DAG, run, {"environment": environment, "auto_approve": auto_approve, **params})
        self._triggered.append(Run(self._api, run, self._airflow.log))
        return self._triggered[-1]

    def end(self) -> None:
        """Fail the runs that are still running, because the next rollout would wait for them."""
        # A test may have restarted Airflow.
        api = self._airflow.api()
        for run in self._triggered:
            if api.run_state(DAG, run.id) not in ENDED:
                api.fail_run(DAG, run.id)


def roll_out(platform: DeployablePlatform, owner: str, progress: Progress) -> RolloutResult:
    """Plan and roll out everything, in an environment that requires no approval."""
    planned = plan(platform)
    return run_rollout(platform, planned, unattended(planned, datetime.now(UTC), TERMINAL), owner, progress)
