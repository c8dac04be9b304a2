"""How a rollout ended, from the states and results of its tasks. Pure: no Airflow."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from logops.number_text import count_text
from logops.render import STAGES
from logops.rollout.record import ROLL_BACK, RolloutResult, decide_outcome

_STEPS = tuple(f"{stage}.{step}" for stage in STAGES for step in ("apply", "verify"))
_ORDER = ("plan", "approval", *_STEPS, ROLL_BACK)
_WORDS = {"skipped": "-", "upstream_failed": "not reached", "failed": "FAILED", "success": "marked by hand"}

_IDLE = (_WORDS["skipped"], _WORDS["upstream_failed"])


@dataclass(frozen=True)
class Task:
    """How one task of the run ended."""

    state: str
    """Airflow's state: success, failed, skipped, upstream_failed."""
    result: Any = None
    failure: str = ""
    """Its message, if it failed."""
    refused: bool = False
    """Whether it failed before it changed anything."""


@dataclass(frozen=True)
class Report(RolloutResult):
    """How a rollout ended, stage by stage."""

    rows: tuple[tuple[str, str, str], ...]
    """(stage, result of apply, result of verify)"""

    def failure_lines(self) -> list[str]:
        """Return the message of each failed task, then the stages that were rolled back."""
        lines: list[str] = []
        for task_id, message in self.failures.items():
            lines += [f"{task_id} failed:", *(f"  {line}" for line in message.splitlines())]
        return [*lines, *self.rollback_lines()]

    def table_lines(self) -> list[str]:
        """Return a table of the stages; nothing if no stage was reached."""
        if all(result in _IDLE for _, *results in self.rows for result in results):
            return []
        table = [("stage", "applied", "verified"), *self.rows]
        widths = [max(len(row[column]) for row in table) for column in range(3)]
        return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON: the fields and the headline."""
        return {
            **asdict(self),
            "outcome": self.outcome.value,
            "rows": [list(row) for row in self.rows],
            "applied": list(self.applied),
            "headline": self.headline,
        }


def report(environment: str, plan: Mapping[str, Any] | None, tasks: Mapping[str, Task]) -> Report:
    """Return the report of a run.

    plan    the XCom of the plan task; None if planning failed
    tasks   by id: plan, approval, STAGE.apply, STAGE.verify, roll_back
    """
    failures = {
        task_id: tasks[task_id].failure or "It left no message: something stopped it from outside. Read its log."
        for task_id in _ORDER
        if tasks[task_id].state == "failed"
    }
    rows = tuple((stage, _applied(tasks[f"{stage}.apply"]), _verified(tasks[f"{stage}.verify"])) for stage in STAGES)
    applied = tuple(stage for stage in STAGES if (tasks[f"{stage}.apply"].result or {}).get("revision"))
    outcome = decide_outcome(
        changed=plan is not None and plan["changed"],
        began=any(_began(tasks[step]) for step in _STEPS),
        passed=plan is not None and all(task.state in {"success", "skipped"} for task in tasks.values()),
    )
    return Report(environment, outcome, failures, applied, tasks[ROLL_BACK].result or {}, rows)


def _began(task: Task) -> bool:
    return task.state == "success" or (task.state == "failed" and not task.refused)


def _applied(task: Task) -> str:
    if task.state != "success" or task.result is None:
        return _WORDS.get(task.state, task.state)
    what = f"revision {task.result['revision']}" if task.result["revision"] else "as it was"
    return f"{what} ({task.result['seconds']} s)"


def _verified(task: Task) -> str:
    if task.state != "success" or task.result is None:
        return _WORDS.get(task.state, task.state)
    return f"{count_text(len(task.result['checks']), 'check')} ({task.result['seconds']} s)"
