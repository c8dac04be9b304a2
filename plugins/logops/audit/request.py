"""What an audit is asked for, and how its work is cut."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypedDict

from logops.environment.units import Duration

_AHEAD = timedelta(minutes=10)
"""No drill yet: clocks differ."""
_BEHIND = timedelta(days=1)
"""No drill yet: a run that waited, or was cleared, the same day."""


class Check(StrEnum):
    """The audits. Each is a check of its own in the results: its runs are compared with its own earlier ones."""

    COMPACTION = "compaction-audit"
    """Index files against what the compactor should have made of them. Reads `index/` only."""
    RETENTION = "retention-audit"
    """Index against blobs, both against how long logs are kept."""
    TIERING = "tiering-audit"
    """Blobs against the tiers they should be in."""


@dataclass(frozen=True)
class AuditRequest:
    """One run of one or several audits."""

    checks: tuple[Check, ...]
    run_id: str
    as_of: datetime
    """The moment that everything is judged at."""
    tables: tuple[str, ...] = ()
    """Names, `loki_index_20780`; none: all."""
    grace: Duration | None = None
    """In place of the environment's `audit.grace`."""
    slack: Duration | None = None
    """In place of the environment's `audit.slack`."""

    @property
    def reads_chunks(self) -> bool:
        return any(check is not Check.COMPACTION for check in self.checks)

    def is_drill(self, now: datetime) -> bool:
        """Whether it asks for something else than the nightly run does, and so must not be compared with those: some
        tables only, other patience, a moment that is still to come, or one so long ago that the bucket is another by
        now."""
        other = bool(self.tables) or self.grace is not None or self.slack is not None
        return other or not now - _BEHIND <= self.as_of <= now + _AHEAD


class Batch(TypedDict):
    """Tables that one task judges. Plain JSON."""

    cluster: str
    place: str
    """URL of the cluster's survey."""
    days: list[int]
    """Of the tables, since the epoch."""
    chunks: int


MOST_CHUNKS = 5_000_000
MOST_TABLES = 400
"""Of a batch: some ten seconds of work, so that a retry repeats little and starting a task is a small part."""


def cut(chunks_by_day: dict[int, int]) -> list[tuple[list[int], int]]:
    """Cut days into batches, in order: each day list with its chunks.

    >>> cut({1: 4_000_000, 2: 3_000_000, 3: 0})
    [([1], 4000000), ([2, 3], 3000000)]
    """
    batches: list[tuple[list[int], int]] = []
    for day, chunks in sorted(chunks_by_day.items()):
        if batches and batches[-1][1] + chunks <= MOST_CHUNKS and len(batches[-1][0]) < MOST_TABLES:
            days, before = batches[-1]
            batches[-1] = ([*days, day], before + chunks)
        else:
            batches.append(([day], chunks))
    return batches
