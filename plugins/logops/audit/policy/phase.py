"""In which phase of its life a tenant's table is, and what comes next."""

from dataclasses import dataclass
from enum import StrEnum

from logops.audit.policy.retention import FOR_EVER, TenantRules, Tiering, Windows
from logops.audit.survey.objects import DAY_MS


class Phase(StrEnum):
    """In the order of a table's life."""

    INGESTING = "ingesting"
    """Lines of its day may still come."""
    UNCOMPACTED = "uncompacted"
    """Ingesters' index files wait for the compactor."""
    COMPACTED = "compacted"
    """One index a tenant; its chunks have not all changed tier yet."""
    RETAINED = "retained"
    """In the tier in which it stays until it expires."""
    EXPIRING = "expiring"
    """The first of its chunks are past their retention."""
    EXPIRED = "expired"
    """Past all retention, or out of the index: what is left is on its way out."""


@dataclass(frozen=True)
class Table:
    """A tenant's share of a table, as far as its phase goes."""

    day: int
    waiting_since_ms: int | None
    """When the oldest index file came that an ingester uploaded and the compactor has not joined; None: none waits."""
    indexed: int
    """Chunks; for a table of which only the index was read, its files."""
    tiered: bool
    """Whether every chunk is in the last tier it is to have."""
    written_ms: int
    """When the youngest of its blobs was written: Azure counts its age from there."""


@dataclass(frozen=True)
class Next:
    """What happens to a table next."""

    phase: Phase
    action: str
    due_ms: int | None
    """At the latest; None: nothing is due."""


def next_of(table: Table, rules: TenantRules, tiering: Tiering | None, windows: Windows, as_of_ms: int) -> Next:
    """Where a table is at `as_of_ms`, and what is due next."""
    start, end = table.day * DAY_MS, (table.day + 1) * DAY_MS
    done = end + windows.max_chunk_age_ms + windows.grace_ms
    removed = windows.cycle_ms + windows.slack_ms
    if as_of_ms < done:
        return Next(Phase.INGESTING, "the day's last chunks are written, then the compactor joins its index", done)
    longest = rules.longest
    if not table.indexed or (longest != FOR_EVER and as_of_ms > end + longest):
        due = end + longest + removed + windows.delay_ms if table.indexed else None
        return Next(Phase.EXPIRED, "the sweeper deletes what is left of its chunks", due)
    if rules.shortest != FOR_EVER and as_of_ms > start + rules.shortest:
        due = None if longest == FOR_EVER else end + longest + removed
        return Next(Phase.EXPIRING, "retention takes its chunks out of the index as they expire", due)
    if table.waiting_since_ms is not None:
        return Next(Phase.UNCOMPACTED, "the compactor joins its index files", table.waiting_since_ms + removed)
    first_expires = None if rules.shortest == FOR_EVER else start + rules.shortest
    if tiering and tiering.then is not None and not table.tiered:
        moves = table.written_ms + tiering.hot_ms
        if first_expires is None or moves < first_expires:
            return Next(Phase.COMPACTED, f"its chunks move to tier {tiering.then.azure}", moves)
    return Next(Phase.RETAINED, "its first chunks expire" if first_expires else "nothing: kept for ever", first_expires)
