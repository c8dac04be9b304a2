"""The tables, chunks and index files of a container, as values and as Arrow."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from logops.environment.cluster import Cluster, SchemaPeriod

if TYPE_CHECKING:
    import pyarrow as pa

DAY_MS = 86_400_000
NOT_LOKIS = "not Loki's"
"""The kind of an object that does not belong to Loki."""


def period_of(day: int, periods: Sequence[SchemaPeriod]) -> SchemaPeriod | None:
    """Return the schema period of a day since the epoch."""
    begun = [period for period in periods if (period.from_ - date(1970, 1, 1)).days <= day]
    return begun[-1] if begun else None


def table_of(day: int, cluster: Cluster) -> str:
    """Return the name of a day's table. If no schema period covers the day, use the first period's prefix."""
    period = period_of(day, cluster.schema_periods) or cluster.schema_periods[0]
    return f"{period.index_prefix}{day}"


def chunks_schema() -> "pa.Schema":
    """Return the schema, one row per chunk blob. The name is not stored: `chunk_name` builds it.

    tenant          its number in `Survey.tenants`
    fingerprint, from_ms, through_ms, checksum   as in the name
    size            bytes
    tier            a `Tier`
    modified        Last-Modified, Unix seconds: when it was flushed
    tier_changed    Unix seconds; 0 if the tier was never set
    """
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("tenant", pa.int32(), nullable=False),
            pa.field("fingerprint", pa.uint64(), nullable=False),
            pa.field("from_ms", pa.int64(), nullable=False),
            pa.field("through_ms", pa.int64(), nullable=False),
            pa.field("checksum", pa.uint32(), nullable=False),
            pa.field("size", pa.int64(), nullable=False),
            pa.field("tier", pa.int8(), nullable=False),
            pa.field("modified", pa.int64(), nullable=False),
            pa.field("tier_changed", pa.int64(), nullable=False),
        ]
    )


def chunk_name(tenant: str, fingerprint: int, from_ms: int, through_ms: int, checksum: int) -> str:
    """Return a chunk's blob name on Azure (pkg/storage/config/schema_config.go, ExternalKey; `:` becomes `-` in
    pkg/storage/chunk/client/azure).

    >>> chunk_name("t1", 0xBD15146D26CB7768, 0x1A206677295, 0x1A206677296, 0xA94A724D)
    't1/bd15146d26cb7768/1a206677295-1a206677296-a94a724d'
    """
    return f"{tenant}/{fingerprint:x}/{from_ms:x}-{through_ms:x}-{checksum:x}"


@dataclass(frozen=True, slots=True)
class IndexFile:
    """An index file of a table: a blob below `index/`."""

    name: str
    """Name of the blob: `index/loki_index_20780/tenant/1766…-compactor-….tsdb.gz`."""
    table: str
    """`loki_index_20780`"""
    day: int
    """Day of the table, since the epoch."""
    tenant: str
    """Empty for an ingester's file, which has all tenants."""
    uploader: str
    """The ingester, or `compactor`, from the name."""
    written: float
    """Unix seconds, from the name: when the uploader built it."""
    size: int
    tier: int
    modified: int
    """Unix seconds."""

    @property
    def compacted(self) -> bool:
        return bool(self.tenant)
