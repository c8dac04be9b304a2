"""Show a command's steps: what each does, its usual time and its time so far.

On a terminal, running steps are redrawn in place, below one line per finished step. Elsewhere, a long step prints a
line from time to time.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from logops.toolchain.progress import Event, State, Step, step

PLAIN_SECONDS = 10.0
"""How often a running step prints a line if the output is not a terminal."""
_TICK_SECONDS = 0.25
_MARKS = {State.DONE: ("✓", "green"), State.FAILED: ("✗", "red")}


@dataclass
class _Row:
    event: Event
    received: float
    """Time of the event, on the monotonic clock."""
    printed: float
    """Time of the last printed line."""

    def seconds(self, now: float) -> float:
        return self.event.seconds + (now - self.received)


class Board:
    """The steps of one command. It is a `Progress`, so builds report to it as well."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._rows: dict[str, _Row] = {}
        self._lock = threading.Lock()
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
        self._ended = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        self._ticker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._ticker.join()
        if self._live:
            self._live.stop()

    def __call__(self, event: Event, /) -> None:
        """Record the current state of a step."""
        now = time.monotonic()
        with self._lock:
            known = self._rows.get(event.what)
            if event.state in _MARKS:
                self._rows.pop(event.what, None)
                self._console.print(ended_line(event))
            elif known is None:
                self._rows[event.what] = _Row(event, now, now)
                # A short step is printed when it ends.
                if not self._live and event.usual_seconds >= PLAIN_SECONDS:
                    self._console.print(running_line(event, event.seconds))
            else:
                self._rows[event.what] = _Row(event, now, known.printed)

    @contextmanager
    def step(self, what: str, usual_seconds: float) -> Iterator[Step]:
        """Run a step of the command itself. Its `detail` may be set meanwhile."""
        with step(what, usual_seconds, self) as under_way:
            yield under_way

    def say(self, line: str | Text = "") -> None:
        """Print a line that stays."""
        with self._lock:
            self._console.print(line, markup=False, highlight=False)

    def _tick(self) -> None:
        while not self._ended.wait(_TICK_SECONDS):
            with self._lock:
                if self._live:
                    self._live.update(self._table(), refresh=True)
                else:
                    self._print_long_steps()
        if self._live:
            self._live.update(Text(), refresh=True)

    def _print_long_steps(self) -> None:
        now = time.monotonic()
        for row in self._rows.values():
            if now - row.printed >= PLAIN_SECONDS:
                row.printed = now
                self._console.print(running_line(row.event, row.seconds(now)))

    def _table(self) -> Table:
        now = time.monotonic()
        table = Table.grid(padding=(0, 1))
        for row in self._rows.values():
            event = row.event
            usual = f"usually {duration(event.usual_seconds)}"
            table.add_row(
                Spinner("dots", style="cyan"),
                event.what,
                Text(duration(row.seconds(now)), style="cyan", justify="right"),
                Text(usual, style="dim"),
                Text(_shortened(event.detail, self._console.width - len(event.what) - 36), style="dim"),
            )
        return table


def ended_line(event: Event) -> Text:
    """Return a line such as `✓ build promtail 3.6.15 · 2 min 04 s`."""
    mark, style = _MARKS[event.state]
    parts = [event.what, duration(event.seconds), *([event.detail] if event.detail else [])]
    return Text.assemble((mark, style), " ", " · ".join(parts))


def running_line(event: Event, seconds: float) -> Text:
    """Return a line such as `  build promtail 3.6.15 · 30 s, usually 2 min 10 s · 812 packages compiled`."""
    parts = [event.what, f"{duration(seconds)}, usually {duration(event.usual_seconds)}"]
    return Text("  " + " · ".join([*parts, *([event.detail] if event.detail else [])]))


def duration(seconds: float) -> str:
    """
    >>> duration(4.26), duration(42.4), duration(124)
    ('4.3 s', '42 s', '2 min 04 s')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, remaining = divmod(round(seconds), 60)
    return f"{minutes} min {remaining:02d} s" if minutes else f"{remaining} s"


def _shortened(text: str, width: int) -> str:
    line = text.splitlines()[0] if text else ""
    return line if len(line) <= max(width, 20) else line[: max(width, 20) - 1] + "…"
