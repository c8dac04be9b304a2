"""What reconciling a table gives: what each tenant has there, and what is wrong with it. Values only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TableStats:
    """What a tenant has in a table, as the audit found it. Kept of every run: the next compares with it.

    A chunk that lies in two tables counts in the one of its last line. Tiers are indexed by `Tier`.
    """

    table: str
    day: int
    tenant: str
    period_ms: int
    """The retention that holds for these chunks; 0: for ever. A tenant with stream rules has a holding a period.
    Chunks out of the index, whose labels are not known, count under the tenant's own period."""
    chunks: int
    """Blobs in the bucket."""
    bytes: int
    indexed: int
    """Of those, how many the index points at."""
    lines: int
    """In the indexed ones, as the index tells."""
    waiting: int
    """Past their retention and still indexed: Loki removes them in its next cycle."""
    deleting: int
    """Out of the index and not deleted yet, within the time that takes."""
    young: int
    """Not in the index yet, within the grace."""
    tier_chunks: tuple[int, int, int, int, int]
    tier_bytes: tuple[int, int, int, int, int]
    first_ms: int
    last_ms: int
    """First and last line."""
    written_ms: int
    """When the youngest of its blobs was written."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Chunks of a tenant in a table that have one thing wrong."""

    cls: str
    """Name of the finding class: `chunk-missing`."""
    table: str
    day: int
    tenant: str
    count: int
    bytes: int
    """Of the blobs; for missing ones as the index tells, rounded to KB."""
    since: float
    """Unix seconds: since when the longest of them has been so; 0 where nobody can tell."""
    sample: tuple[str, ...]
    """Up to ten of the blobs' names. All are in the file of names."""
    candidates: int = 0
    """More that look so and were not looked at again, because they are so many."""
