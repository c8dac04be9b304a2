"""Choose the chunks that a run reads, so that age, tenant and table are covered evenly. Pure.

Chunks that were not verified in time are due. The run reads the same share of the due bytes of every table and tenant,
in the order of their keys, which are hashes. Where that share is less than a chunk, a low-discrepancy sequence
(multiples of the golden ratio) decides which tables and tenants are read tonight, so that neighbours take turns.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from logops.clients.blob_storage.blobs import Tier

_GOLDEN = 0.6180339887498949
_SILVER = 0.41421356237309515
Column = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Stratum:
    """The chunks of a tenant in a table, sorted by key."""

    day: int
    tenant: int
    keys: Column
    sizes: Column
    tiers: Column
    due: Column
    """Mask: readable, old enough, and not verified in time."""
    suspect: Column
    """Mask: damaged in an earlier run, so it is read again."""


@dataclass(frozen=True, slots=True)
class StratumStats:
    """Figures of a tenant in a table, before the run."""

    day: int
    tenant: int
    chunks: int
    bytes: int
    archived_chunks: int
    archived_bytes: int
    verified_chunks: int
    """In time, by earlier runs."""
    verified_bytes: int
    due_bytes: int
    suspect_bytes: int


def stats_of(stratum: Stratum, verified: Column) -> StratumStats:
    """Return the figures of a stratum. `verified`: mask of the chunks that were verified in time."""
    archived = stratum.tiers == Tier.ARCHIVE
    sizes = stratum.sizes
    return StratumStats(
        day=stratum.day,
        tenant=stratum.tenant,
        chunks=len(sizes),
        bytes=int(sizes.sum()),
        archived_chunks=int(archived.sum()),
        archived_bytes=int(sizes[archived].sum()),
        verified_chunks=int((verified & ~archived).sum()),
        verified_bytes=int(sizes[verified & ~archived].sum()),
        due_bytes=int(np.maximum(sizes[stratum.due], 1).sum()),
        suspect_bytes=int(sizes[stratum.suspect].sum()),
    )


@dataclass
class Chooser:
    """Chooses chunks stratum by stratum, never more bytes than the budget."""

    share: float
    """The part of the due bytes to read, the same for each stratum."""
    left: int | None
    """Bytes that may still be read; None: no limit."""
    night: int
    """Number of the night: moves the sequence, so that every stratum has its turn."""
    _strata: int = 0

    def choose(self, stratum: Stratum) -> Column:
        """Return the positions of the chunks to read in a stratum."""
        self._strata += 1
        shift = (self._strata * _GOLDEN + self.night * _SILVER) % 1.0
        positions = np.flatnonzero(stratum.due & ~stratum.suspect)
        # An emptied chunk must have its turn as well.
        sizes = np.maximum(stratum.sizes[positions], 1)
        before = np.cumsum(sizes) - sizes
        share = positions[before + shift * sizes < self.share * sizes.sum()]
        return self._within_budget(stratum, np.concatenate((np.flatnonzero(stratum.suspect), share)))

    def _within_budget(self, stratum: Stratum, positions: Column) -> Column:
        if self.left is not None:
            total = np.cumsum(stratum.sizes[positions])
            positions = positions[: int(np.searchsorted(total, self.left, side="right"))]
            self.left -= int(stratum.sizes[positions].sum())
        return np.sort(positions)


def target_bytes(readable: int, suspect: int, cover_within_ms: int, budget: int | None, *, full: bool) -> int:
    """Return how many due bytes a run should read: all, or a night's share of the readable bytes, within the budget.

    readable   bytes outside the Archive tier
    suspect    bytes that are read in any case
    """
    night = readable if full else -(-readable * 86_400_000 // max(cover_within_ms, 1))
    return night if budget is None else max(min(night, budget - suspect), 0)


def batches_of(days: Column, sizes: Column, most_bytes: int, most_chunks: int) -> Iterator[tuple[int, int]]:
    """Yield the start and end of batches of chunks that are sorted by day."""
    start = 0
    total = 0
    for row, size in enumerate(sizes.tolist()):
        if row > start and (total + size > most_bytes or row - start >= most_chunks):
            yield start, row
            start, total = row, 0
        total += size
    if start < len(sizes):
        yield start, len(sizes)
