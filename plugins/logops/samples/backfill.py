"""Push months of history into a Loki."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Protocol

from logops.samples.generate import generate
from logops.samples.history import BackfillState, History
from logops.samples.line import Line

ORIGIN = {"origin": "backfill"}
"""The label that keeps the history in separate streams.

A stream accepts nothing much older than its newest entry, so history cannot join a live stream.
"""

_HOUR_NS = 3_600_000_000_000
_LINES_PER_PUSH = 2000
"""Less than a megabyte, so that each push is one request and is accepted completely or not at all."""


class Pusher(Protocol):
    """A Loki that accepts pushes: `logops.clients.loki.LokiClient`."""

    def push(self, tenant: str, lines: Sequence[Line]) -> int: ...


def backfill(loki: Pusher, history: History, state_file: Path) -> int:
    """Push a history, oldest lines first. Return how many lines this run pushed.

    `state_file` keeps the progress of each kind after every push. An interrupted run resumes there and repeats at
    most one push. A run with nothing left to do pushes nothing; a later `end_ns` adds the new part.

    Loki must accept old lines (limits_config.reject_old_samples: false). A push spans less than an hour, because a
    stream accepts only what is at most half of ingester.max_chunk_age (an hour by default) older than its newest
    entry. So a repeated push is accepted again.

    Raises BackfillMismatchError if `state_file` belongs to another history, and whatever `loki.push` raises.
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
    return pushed


def _batches(lines: Iterator[Line]) -> Iterator[list[Line]]:
    marked = (line._replace(labels={**line.labels, **ORIGIN}) for line in lines)
    while batch := list(islice(marked, _LINES_PER_PUSH)):
        yield batch
