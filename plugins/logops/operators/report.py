"""How a rollout went, from the states and results of its tasks. Pure: no Airflow in it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

_WORDS = {"skipped": "-", "upstream_failed": "not reached", "failed": "FAILED"}
_FAILED = frozenset({"failed", "upstream_failed"})


@dataclass(frozen=True)
class Task:
    """How one task of the run ended."""

    task_id: str
    state: str
    """Airflow's word: success, failed, skipped, upstream_failed."""
    result: Any = None
    failure: str = ""
    """What it said when it failed."""


@dataclass(frozen=True)
class Report:
    """How a rollout ended."""

    environment: str
    outcome: str
    """`rolled out`, `nothing to change` or `failed`."""
    rows: tuple[tuple[str, str, str], ...]
    """(stage, how applying it went, how verifying it went)"""
    failures: Mapping[str, str]
    """Task id to its message, in the order in which they happened."""
    rolled_back: Mapping[str, int | None]
    """Stage to the revision it is at now; None: stopped, there was none before."""

    @property
    def failed(self) -> bool:
        return self.outcome == "failed"

    @property
    def headline(self) -> str:
        """One line: what a person reads first."""
        if not self.failed:
            return f"{self.environment}: {self.outcome}"
        where = ", ".join(self.failures) or "a task that was stopped from outside"
        back = f"; rolled back: {', '.join(self.rolled_back)}" if self.rolled_back else ""
        return f"{self.environment}: the rollout failed at {where}{back}"

    def lines(self) -> list[str]:
        """The report as text: a table of the stages, then what failed and what was put back."""
        table = [("stage", "applied", "verified"), *self.rows]
        widths = [max(len(row[column]) for row in table) for column in range(3)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
        for task_id, message in self.failures.items():
            lines += [f"{task_id} failed:", *(f"  {line}" for line in message.splitlines())]
        for stage, revision in self.rolled_back.items():
            lines.append(f"{stage}: {f'back at revision {revision}' if revision else 'stopped; there was none before'}")
        return [*lines, self.headline]

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "headline": self.headline}


def report(environment: str, plan: Mapping[str, Any] | None, stages: tuple[str, ...], tasks: Mapping[str, Task]) -> Report:
    """Put together how a run ended. Tasks by id, in the order of the DAG: plan, approval, STAGE.apply, STAGE.verify,
    roll_back; `plan` is None where planning failed."""
    failures = {
        task.task_id: task.failure or "no message: it was stopped from outside, or Airflow gave up on it; see its log"
        for task in tasks.values()
        if task.state == "failed"
    }
    if any(task.state in _FAILED for task in tasks.values()) or plan is None:
        outcome = "failed"
    else:
        outcome = "rolled out" if plan["changed"] else "nothing to change"
    rows = tuple((stage, _applied(tasks[f"{stage}.apply"]), _verified(tasks[f"{stage}.verify"])) for stage in stages)
    return Report(environment, outcome, rows, failures, tasks["roll_back"].result or {})


def _applied(task: Task) -> str:
    if task.state != "success":
        return _WORDS.get(task.state, task.state)
    what = f"revision {task.result['revision']}" if task.result["revision"] else "as it was"
    return f"{what} ({task.result['seconds']} s)"


def _verified(task: Task) -> str:
    if task.state != "success":
        return _WORDS.get(task.state, task.state)
    return f"{len(task.result['checks'])} checks ({task.result['seconds']} s)"
