"""What one batch of tables gave: kept by the task that judged it, read by the one that joins all."""

from dataclasses import dataclass

from logops.audit.judge.table_stats import Fault, TableStats


@dataclass(frozen=True)
class Unreadable:
    """An index file that cannot be read."""

    name: str
    table: str
    tenant: str
    """Empty for one of several tenants."""
    size: int
    offset: int
    what: str
    """What was found at the offset."""
    unknown: bool = False
    """Not damaged, as far as can be told: of a format, or a size, that is not read here."""


@dataclass(frozen=True)
class BatchResult:
    """Of a batch."""

    days: tuple[int, ...]
    """The tables that it was to judge."""
    holdings: tuple[TableStats, ...] = ()
    faults: tuple[Fault, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    incomplete: tuple[tuple[str, str], ...] = ()
    """(table, why it could not be judged)"""
