"""The phase of a tenant's table, and its next step."""

from dataclasses import dataclass
from enum import StrEnum

from logops.audit.policy.retention import FOR_EVER, TenantRules, Tiering, Windows
from logops.audit.survey.objects import DAY_MS


class Phase(StrEnum):
    """The phases of a table, in order."""

    INGESTING = "ingesting"
    """Lines of its day may still arrive."""
    UNCOMPACTED = "uncompacted"
    """Ingesters' index files wait for the compactor."""
    COMPACTED = "compacted"
    """One index per tenant; not all chunks have their final tier yet."""
    RETAINED = "retained"
    """In its final tier until it expires."""
    EXPIRING = "expiring"
    """The first chunks are past their retention."""
    EXPIRED = "expired"
    """Past all retention, or out of the index: the rest is being deleted."""


@dataclass(frozen=True)
class Table:
    """The facts that decide the phase of a tenant's table."""

    day: int
    waiting_since_ms: int | None
    """When the oldest index file arrived that is not compacted; None: none waits."""
    indexed: int
    """Chunks; index files if only the index was read."""
    tiered: bool
    """Whether every chunk is in its final tier."""
    written_ms: int
    """When the newest blob was written: Azure counts its age from then."""


@dataclass(frozen=True)
class Next:
    """The next step of a table."""

    phase: Phase
    action: str
    due_ms: int | None
    """The latest time; None: nothing is due."""


def next_of(table: Table, rules: TenantRules, tiering: Tiering | None, windows: Windows, as_of_ms: int) -> Next:
    """Return the phase of a table at `as_of_ms`, and what is due next."""
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
