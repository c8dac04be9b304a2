"""How a build says what it is doing."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class State(StrEnum):
    WAITING = "waiting"
    """Another process is at it."""
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Event:
    """One step of the work, as it stands now. `what` tells the steps apart."""

    what: str
    """`build loki, logcli, lokitool, loki-canary 3.7.8`"""
    state: State
    seconds: float
    """How long it has taken."""
    usual_seconds: float
    """How long it usually takes, when nothing of it was ever built on the machine."""
    detail: str = ""
    """`812 packages compiled`, or whom it waits for."""


class Progress(Protocol):
    """Told about every step, some times a second while it runs, and once when it ends. Never called twice at once."""

    def __call__(self, event: Event, /) -> None: ...


def quiet(_event: Event, /) -> None:
    """Shows nothing."""


class Step:
    """One step under way. `detail` is set by who does it, and told with the next event."""

    def __init__(self, what: str, usual_seconds: float, progress: Progress) -> None:
        self.what = what
        self.usual_seconds = usual_seconds
        self.detail = ""
        self._progress = progress
        self._started = time.monotonic()

    def tell(self, state: State, detail: str | None = None) -> None:
        seconds = time.monotonic() - self._started
        self._progress(Event(self.what, state, seconds, self.usual_seconds, self.detail if detail is None else detail))

    def wait_for(self, whom: str) -> None:
        self.tell(State.WAITING, f"waits for {whom}")


@contextmanager
def step(what: str, usual_seconds: float, progress: Progress) -> Iterator[Step]:
    """A step from its first event to its last."""
    under_way = Step(what, usual_seconds, progress)
    under_way.tell(State.RUNNING)
    try:
        yield under_way
    except BaseException:
        under_way.tell(State.FAILED)
        raise
    under_way.tell(State.DONE)
