"""Filling a Loki with the history of months that it was not there for."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

from logops.samples.generate import generate
from logops.samples.history import BackfillState, History
from logops.samples.line import Line

ORIGIN = {"origin": "backfill"}
"""The label that keeps history in streams of its own.

A stream takes nothing much older than its newest entry, so history could not join a stream that is already live.
"""

_HOUR_NS = 3_600_000_000_000
_LINES_PER_PUSH = 2000
"""Below a megabyte, so that each push is one request: taken or not, never half."""


class Pusher(Protocol):
    """A Loki to push to: `logops.clients.loki.LokiClient`."""

    def push(self, tenant: str, lines: Sequence[Line]) -> int: ...


@dataclass(frozen=True, slots=True)
class BackfillProgress:
    """How far a backfill is."""

    reached_ns: int
    """Everything before it is in Loki."""
    lines: int
    """Pushed by this run."""
    share: float
    """Of the whole history, 0 to 1."""


def backfill(
    loki: Pusher, history: History, state_file: Path, progress: Callable[[BackfillProgress], None] = lambda _: None
) -> int:
    """Push a history, oldest first, and say how many lines this run pushed.

    `state_file` keeps, after every push, how far each kind has come. A run that was broken off is taken up where it
    stopped, at most one push being sent again; a run with nothing left to do pushes nothing; a later `end_ns` adds
    what is new. `progress` is called after each hour of history.

    Loki must take old lines (limits_config.reject_old_samples: false). A push spans less than an hour, because a
    stream takes only what is at most half of ingester.max_chunk_age (an hour by default) behind its newest entry:
    so a push that has to be sent again is taken again.

    Raises BackfillMismatchError where `state_file` is of another history, and whatever `loki.push` raises.
    """
    state = BackfillState.read(state_file, history)
    pushed = 0
    for hour_ns in range(history.start_ns // _HOUR_NS * _HOUR_NS, history.end_ns, _HOUR_NS):
        end_ns = min(hour_ns + _HOUR_NS, history.end_ns)
        for kind, tenant in history.tenants.items():
            start_ns = max(hour_ns, history.start_ns, state.reached_ns(kind))
            lines = generate(kind, history.seed, start_ns, end_ns, history.lines_per_minute)
            for batch in _batches(lines):
                pushed += loki.push(tenant, batch)
                state.record(kind, batch[-1].timestamp_ns + 1)
        share = (end_ns - history.start_ns) / (history.end_ns - history.start_ns)
        progress(BackfillProgress(end_ns, pushed, share))
    return pushed


def _batches(lines: Iterator[Line]) -> Iterator[list[Line]]:
    marked = (line._replace(labels={**line.labels, **ORIGIN}) for line in lines)
    while batch := list(islice(marked, _LINES_PER_PUSH)):
        yield batch
