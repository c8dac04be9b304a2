"""Follow a run of a DAG and show that it waits."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import pytest
from rich.console import Console

from logops.quickstart import watch
from logops.quickstart.airflow_api import AirflowApi, TaskState
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


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Console:
    monkeypatch.setattr(watch.time, "sleep", lambda _: None)
    return Console(record=True, width=100, force_terminal=False)


def watched(states: list[str], console: Console) -> str:
    with Board(console) as board:
        watch.Watch(cast(AirflowApi, Api(states)), "compaction_audit", "a", board, {}).until_ended()
    return console.export_text()


def test_run_that_waits_for_another_run_shows_a_waiting_step(shown: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_SOON_SECONDS", -1)
    text = watched(["queued", "queued", "running", "success"], shown)

    assert text.splitlines() == [
        "  compaction_audit: wait for another run of it · 0.0 s, usually 1 min 00 s",
        "✓ compaction_audit: wait for another run of it · 0.0 s",
    ]


def test_run_that_starts_soon_shows_no_waiting_step(shown: Console) -> None:
    assert watched(["queued", "running", "success"], shown) == ""
