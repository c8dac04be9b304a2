"""The request for an audit, and how its work is split."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypedDict

from logops.environment.units import Duration

_AHEAD = timedelta(minutes=10)
"""Not a drill yet: clocks differ."""
_BEHIND = timedelta(days=1)
"""Not a drill yet: a run that waited, or was cleared, on the same day."""


class Check(StrEnum):
    """The audits. Each is a separate check in the results: its runs are compared with its own earlier runs."""

    COMPACTION = "compaction-audit"
    """Index files against what the compactor should have made of them. Reads `index/` only."""
    RETENTION = "retention-audit"
    """Index against blobs, and both against the retention."""
    TIERING = "tiering-audit"
    """Blobs against their declared tiers."""


@dataclass(frozen=True)
class AuditRequest:
    """A request for one or several audits."""

    checks: tuple[Check, ...]
    run_id: str
    as_of: datetime
    """The moment to judge at."""
    tables: tuple[str, ...] = ()
    """Names such as `loki_index_20780`; none: all."""
    grace: Duration | None = None
    """Overrides the environment's `audit.grace`."""
    slack: Duration | None = None
    """Overrides the environment's `audit.slack`."""

    @property
    def reads_chunks(self) -> bool:
        return any(check is not Check.COMPACTION for check in self.checks)

    def is_drill(self, now: datetime) -> bool:
        """Whether the run differs from a nightly run, so that it must not be compared with those.

        That is: only some tables, another patience, a future moment, or one so long ago that the bucket has changed
        since.
        """
        is_special = bool(self.tables) or self.grace is not None or self.slack is not None
        return is_special or not now - _BEHIND <= self.as_of <= now + _AHEAD


class Batch(TypedDict):
    """Tables that one task judges. Plain JSON."""

    cluster: str
    work_dir: str
    """URL of the cluster's work folder."""
    days: list[int]
    """Days of the tables, since the epoch."""
    chunks: int


MAX_TABLES = 400
"""Per batch."""


def cut(chunks_by_day: Mapping[int, int], max_chunks: int) -> list[tuple[list[int], int]]:
    """Split days into batches, in order. Returns lists of days with their number of chunks.

    max_chunks   of a batch; a day with more has its own batch

    >>> cut({1: 4_000_000, 2: 3_000_000, 3: 0}, 5_000_000)
    [([1], 4000000), ([2, 3], 3000000)]
    """
    batches: list[tuple[list[int], int]] = []
    for day, chunks in sorted(chunks_by_day.items()):
        if batches and batches[-1][1] + chunks <= max_chunks and len(batches[-1][0]) < MAX_TABLES:
            days, before = batches[-1]
            batches[-1] = ([*days, day], before + chunks)
        else:
            batches.append(([day], chunks))
    return batches
