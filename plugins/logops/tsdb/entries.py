"""What a TSDB index says, as Arrow."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def entries_schema() -> "pa.Schema":
    """A row a chunk, in the index's own order.

    tenant          its number in `Index.tenants`
    series          number of the series in the file, from 0: what `Index.labels` takes
    fingerprint     of the series: the second part of the chunk's name
    from_ms, through_ms   first and last line, milliseconds since the epoch
    kb, entries     size, rounded to KB, and number of lines, as the ingester told them
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
