"""The Arrow schema of index entries."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def entries_schema() -> "pa.Schema":
    """Return the schema: one row per chunk, in the index's order.

    tenant          its number in `Index.tenants`
    series          number of the series in the file, from 0; argument of `Index.labels`
    fingerprint     of the series: the second part of the chunk's name
    from_ms         time of the first line, milliseconds since the epoch
    through_ms      time of the last line, milliseconds since the epoch
    kb              size in KB, rounded, as the ingester reported it
    entries         number of lines, as the ingester reported it
    checksum        CRC32C of the blob: the last part of the chunk's name
    """
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("tenant", pa.int32(), nullable=False),
            pa.field("series", pa.int32(), nullable=False),
            pa.field("fingerprint", pa.uint64(), nullable=False),
            pa.field("from_ms", pa.int64(), nullable=False),
            pa.field("through_ms", pa.int64(), nullable=False),
            pa.field("kb", pa.uint32(), nullable=False),
            pa.field("entries", pa.uint32(), nullable=False),
            pa.field("checksum", pa.uint32(), nullable=False),
        ]
    )
