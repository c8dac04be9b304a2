"""Statistics of a tenant's chunks in a table, and their faults. Values only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TableStats:
    """Statistics of a tenant's chunks in a table. Stored for every run, because the next run compares with it.

    A chunk in two tables counts in the table of its last line. Tiers are indexed by `Tier`.
    """

    table: str
    day: int
    tenant: str
    period_ms: int
    """The retention of these chunks; 0: for ever. A tenant with stream rules has one entry per period. Chunks out of
    the index have unknown labels and count under the tenant's own period."""
    chunks: int
    """Blobs in the bucket."""
    bytes: int
    indexed: int
    """Blobs that the index lists."""
    lines: int
    """Lines in the indexed blobs, from the index."""
    waiting: int
    """Past their retention and still indexed: Loki removes them in its next cycle."""
    deleting: int
    """Out of the index and not deleted yet, within the allowed time."""
    young: int
    """Not in the index yet, within the grace period."""
    tier_chunks: tuple[int, int, int, int, int]
    tier_bytes: tuple[int, int, int, int, int]
    first_ms: int
    last_ms: int
    """First and last line."""
    written_ms: int
    """When the newest blob was written."""
    kept_longer_ms: int = 0
    """How much longer than its retention a line is kept, because its chunk has newer lines: the longest."""
    kept_longer_bytes: int = 0
    """Chunks that keep lines for longer than allowed (`Windows.kept_longer_ms`)."""


@dataclass(frozen=True, slots=True)
class DayReads:
    """The chunks that a query of a table's whole day reads, also those that end in a later table."""

    table: str
    tenant: str
    chunks: int
    bytes: int
    kept_longer_ms: int = 0
    """How much longer than its retention a line of this day is kept: the longest."""
    kept_longer_bytes: int = 0
    """Chunks that keep lines of this day for longer than allowed."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A tenant's chunks in a table with the same fault."""

    cls: str
    """Name of the finding class, such as `chunk-missing`."""
    table: str
    day: int
    tenant: str
    count: int
    bytes: int
    """Size of the blobs; for missing ones from the index, rounded to KB."""
    since: float
    """Unix seconds: since when the oldest has had the fault; 0 if unknown."""
    sample: tuple[str, ...]
    """Up to ten blob names. The results store has all names."""
    candidates: int = 0
    """Further suspects that were not checked again, because there are too many."""
    span_ms: int = 0
    """The longest time from the first to the last line of a chunk."""
