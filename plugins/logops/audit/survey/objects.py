"""The chunks of a container, as Arrow: what their names and the listing say of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

DAY_MS = 86_400_000
NOT_LOKIS = "not Loki's"
"""What an object is called that is neither chunk nor index, nor another of Loki's own."""


def chunks_schema() -> "pa.Schema":
    """A row a chunk blob. The name is not kept: `chunk_name` makes it again.

    tenant          its number in `Survey.tenants`
    fingerprint, from_ms, through_ms, checksum   as in the name
    size            bytes
    tier            an `objectstore.blobs.Tier`
    modified        Last-Modified, Unix seconds: when it was flushed
    tier_changed    Unix seconds; 0 where the tier was never set
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
    """A chunk's blob name on Azure (pkg/storage/config/schema_config.go, ExternalKey; `:` becomes `-` in
    pkg/storage/chunk/client/azure).

    >>> chunk_name("t1", 0xBD15146D26CB7768, 0x1A206677295, 0x1A206677296, 0xA94A724D)
    't1/bd15146d26cb7768/1a206677295-1a206677296-a94a724d'
    """
    return f"{tenant}/{fingerprint:x}/{from_ms:x}-{through_ms:x}-{checksum:x}"


@dataclass(frozen=True, slots=True)
class IndexFile:
    """A blob below `index/` that is a table's index."""

    name: str
    """The blob's: `index/loki_index_20780/tenant/1766…-compactor-….tsdb.gz`."""
    table: str
    """`loki_index_20780`"""
    day: int
    """Of the table, since the epoch."""
    tenant: str
    """Empty for one that ingesters uploaded, which holds every tenant's."""
    uploader: str
    """The ingester, or `compactor`, as the name says."""
    written: float
    """Unix seconds, from the name: when the uploader made it."""
    size: int
    tier: int
    modified: int
    """Unix seconds."""

    @property
    def compacted(self) -> bool:
        return bool(self.tenant)
