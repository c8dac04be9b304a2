"""How a build reports its progress."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class State(StrEnum):
    WAITING = "waiting"
    """Another process is building it."""
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Event:
    """The current state of one step. `what` identifies the step."""

    what: str
    """`build loki, logcli, lokitool, loki-canary 3.7.8`"""
    state: State
    seconds: float
    """Time so far."""
    usual_seconds: float
    """Usual time if nothing was ever built on the machine."""
    detail: str = ""
    """`812 packages compiled`, or the process that it waits for."""


class Progress(Protocol):
    """Receives every step: several times a second while it runs, and once at its end. Never called concurrently."""

    def __call__(self, event: Event, /) -> None: ...


def quiet(_event: Event, /) -> None:
    """Show nothing."""


class Step:
    """A running step. Its owner sets `detail`, which the next event reports."""

    def __init__(self, what: str, usual_seconds: float, progress: Progress) -> None:
        self.what = what
        self.usual_seconds = usual_seconds
        self.detail = ""
        self._progress = progress
        self._started = time.monotonic()

    def report(self, state: State, detail: str | None = None) -> None:
        seconds = time.monotonic() - self._started
        self._progress(Event(self.what, state, seconds, self.usual_seconds, self.detail if detail is None else detail))

    def wait_for(self, whom: str) -> None:
        self.report(State.WAITING, f"waits for {whom}")


@contextmanager
def step(what: str, usual_seconds: float, progress: Progress) -> Iterator[Step]:
    """Run a step, from its first event to its last."""
    under_way = Step(what, usual_seconds, progress)
    under_way.report(State.RUNNING)
    try:
        yield under_way
    except BaseException:
        under_way.report(State.FAILED)
        raise
    under_way.report(State.DONE)
