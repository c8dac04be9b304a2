"""Builds as they go on: what, how long it usually takes, how long it has taken."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from logops.cli.console import err, say
from logops.toolchain import Event, State
from logops.toolchain import Progress as BuildProgress

PLAIN_SECONDS = 15.0
"""How often a build is told of where nobody watches a terminal."""


@contextmanager
def show_builds() -> Iterator[BuildProgress]:
    """A live line a build on a terminal; elsewhere a plain line now and then."""
    if not err.is_terminal:
        yield _plain()
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[told]}"),
    )
    with Progress(*columns, console=err) as bars:
        tasks: dict[str, TaskID] = {}

        def live(event: Event) -> None:
            if event.what not in tasks:
                tasks[event.what] = bars.add_task(event.what, total=event.usual_seconds, told="")
            done = event.usual_seconds if event.state is State.DONE else min(event.seconds, event.usual_seconds * 0.98)
            bars.update(tasks[event.what], completed=done, told=_told(event))

        yield live


def _plain() -> BuildProgress:
    last: dict[str, tuple[State, float]] = {}

    def tell(event: Event) -> None:
        state, when = last.get(event.what, (None, 0.0))
        if event.state is not state or time.monotonic() - when > PLAIN_SECONDS:
            last[event.what] = (event.state, time.monotonic())
            say(f"{event.what}: {_told(event)}")

    return tell


def _told(event: Event) -> str:
    took = f"{_minutes(event.seconds)} (usually {_minutes(event.usual_seconds)})"
    return " ".join(part for part in (event.state.value, took, event.detail) if part)


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
