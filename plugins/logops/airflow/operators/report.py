"""How a rollout ended, from the states and results of its tasks. Pure: no Airflow."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from logops.findings import Finding, Subject
from logops.findings.classes.rollout import ROLLOUT_FAILED
from logops.render import STAGES

_STEPS = tuple(f"{stage}.{step}" for stage in STAGES for step in ("apply", "verify"))
_ORDER = ("plan", "approval", *_STEPS, "roll_back")
_WORDS = {"skipped": "-", "upstream_failed": "not reached", "failed": "FAILED", "success": "marked by hand"}


@dataclass(frozen=True)
class Task:
    """How one task of the run ended."""

    state: str
    """Airflow's state: success, failed, skipped, upstream_failed."""
    result: Any = None
    failure: str = ""
    """Its message, if it failed."""


@dataclass(frozen=True)
class Report:
    """How a rollout ended."""

    environment: str
    outcome: str
    """`rolled out`, `nothing to change`, `failed`, or `stopped`: before anything was changed."""
    rows: tuple[tuple[str, str, str], ...]
    """(stage, result of apply, result of verify)"""
    failures: Mapping[str, str]
    """Task id to its message, in the order of the DAG."""
    applied: tuple[str, ...]
    """Stages that this run changed."""
    rolled_back: Mapping[str, int | None]
    """Stage to the revision that it is at now; None if it was stopped because there was no earlier revision."""

    @property
    def failed(self) -> bool:
        return self.outcome in {"failed", "stopped"}

    @property
    def headline(self) -> str:
        """One line for a person to read first."""
        if not self.failed:
            return f"{self.environment}: {self.outcome}"
        where = ", ".join(self.failures) or "a task that did not run"
        if self.outcome == "stopped":
            return f"{self.environment}: stopped at {where}; nothing was changed"
        back = f"; rolled back: {', '.join(self.rolled_back)}" if self.rolled_back else ""
        return f"{self.environment}: the rollout failed at {where}{back}"

    def lines(self) -> list[str]:
        """Return the report as text: a table of the stages, the failures, the rollbacks, the headline."""
        table = [("stage", "applied", "verified"), *self.rows]
        widths = [max(len(row[column]) for row in table) for column in range(3)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]
        for task_id, message in self.failures.items():
            lines += [f"{task_id} failed:", *(f"  {line}" for line in message.splitlines())]
        for stage, revision in self.rolled_back.items():
            lines.append(f"{stage}: {f'back at revision {revision}' if revision else 'stopped; there was none before'}")
        return [*lines, self.headline]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON: the fields and the headline."""
        return {
            **asdict(self),
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
    return Report(environment, _outcome(plan, tasks), rows, failures, applied, tasks["roll_back"].result or {})


def findings(ended: Report, as_of: datetime) -> list[Finding] | None:
    """Return the findings of a rollout; None if it changed nothing, so that earlier findings stay open."""
    if ended.outcome == "stopped":
        return None
    if not ended.failed:
        return []
    said = next(iter(ended.failures.values()), "")
    return [
        Finding(
            cls=ROLLOUT_FAILED,
            subject=Subject(environment=ended.environment),
            message=f"{ended.headline}. {said}".rstrip(),
            as_of=as_of,
            evidence={"tasks_failed": ", ".join(ended.failures), "stages_rolled_back": len(ended.rolled_back)},
        )
    ]


def _outcome(plan: Mapping[str, Any] | None, tasks: Mapping[str, Task]) -> str:
    began = any(tasks[step].state in {"success", "failed"} for step in _STEPS)
    if plan is None or any(task.state not in {"success", "skipped"} for task in tasks.values()):
        return "failed" if began else "stopped"
    return "rolled out" if plan["changed"] else "nothing to change"


def _applied(task: Task) -> str:
    if task.state != "success" or task.result is None:
        return _WORDS.get(task.state, task.state)
    what = f"revision {task.result['revision']}" if task.result["revision"] else "as it was"
    return f"{what} ({task.result['seconds']} s)"


def _verified(task: Task) -> str:
    if task.state != "success" or task.result is None:
        return _WORDS.get(task.state, task.state)
    return f"{len(task.result['checks'])} checks ({task.result['seconds']} s)"
