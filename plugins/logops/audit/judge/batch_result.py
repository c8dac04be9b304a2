"""The result of one batch. The `judge` task writes it, the `reduce` task reads it."""

from dataclasses import dataclass

from logops.audit.judge.table_stats import DayReads, Fault, TableStats


@dataclass(frozen=True)
class Unreadable:
    """An index file whose content is not used: it cannot be read, or it is not the file of its table and tenant."""

    name: str
    table: str
    tenant: str
    """Empty for a file of several tenants."""
    size: int
    offset: int
    what: str
    """The fault at the offset."""
    unknown: bool = False
    """Possibly intact: its format or size is not supported here."""
    misplaced: bool = False
    """Intact, but not the file of its table and tenant."""


@dataclass(frozen=True)
class BatchResult:
    """The result of one batch."""

    days: tuple[int, ...]
    """The tables that it should judge."""
    holdings: tuple[TableStats, ...] = ()
    faults: tuple[Fault, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    incomplete: tuple[tuple[str, str], ...] = ()
    """(table, why it could not be judged)"""
    reads: tuple[DayReads, ...] = ()
