"""Follow a run of a DAG and show that it waits."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

from rich.console import Console

from logops.quickstart.airflow_api import AirflowApi, TaskState
from logops.quickstart.watch import Watch
from logops.toolchain.progress_board import Board


@dataclass
class Api:
    """A fake API of Airflow that returns the given run states in order."""

    states: list[str]
    answers: Iterator[str] = field(init=False)

    def __post_init__(self) -> None:
        self.answers = iter(self.states)

    def run_state(self, dag: str, run: str) -> str:
        return next(self.answers)

    def tasks(self, dag: str, run: str) -> list[TaskState]:
        return []


def watched(states: list[str], starts_within_s: float) -> str:
    """Return the shown text of a run with these states."""
    console, api = Console(record=True, width=100, force_terminal=False), cast(AirflowApi, Api(states))
    with Board(console) as board:
        Watch(api, "compaction_audit", "a", board, {}, starts_within_s=starts_within_s, poll_s=0).until_ended()
    return console.export_text()


def test_run_that_waits_for_another_run_shows_a_waiting_step() -> None:
    text = watched(["queued", "queued", "running", "success"], starts_within_s=-1)

    assert text.splitlines() == [
        "  compaction_audit: wait for another run of it · 0.0 s, usually 1 min 00 s",
        "✓ compaction_audit: wait for another run of it · 0.0 s",
    ]


def test_run_that_starts_soon_shows_no_waiting_step() -> None:
    assert watched(["queued", "running", "success"], starts_within_s=60) == ""
