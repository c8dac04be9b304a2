"""Read a page of List Blobs in Arrow.

The service answers in Arrow to `Accept: application/vnd.apache.arrow.stream` with service version 2026-10-06 or
later. Columns have the names of the XML elements, `ResourceType` distinguishes a `blobprefix` or a `directory` from
a blob, and the next marker is in the schema's metadata. Source: azure-storage-blob 12.31 (_list_blobs_helper.py);
the documentation of the REST call does not describe it yet.
"""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from logops.clients.blob_storage.blobs import Tier, blobs_schema
from logops.clients.blob_storage.errors import ObjectStoreError
from logops.clients.blob_storage.listing.page import ListingPage

CONTENT_TYPE = "application/vnd.apache.arrow.stream"

TIERS = pa.array([tier.azure for tier in Tier], pa.string())
_NO_BLOBS = ("blobprefix", "directory")
_READ = frozenset(
    (
        "Name",
        "ResourceType",
        "Content-Length",
        "AccessTier",
        "AccessTierChangeTime",
        "Last-Modified",
        "ArchiveStatus",
    )
)


def read_arrow_page(body: bytes) -> ListingPage:
    """Read a page. Raises ObjectStoreError if it is not a complete stream with the columns of a listing."""
    try:
        with pa.ipc.open_stream(body) as stream:
            table = stream.read_all()
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(str(error).partition("\n")[0]) from None
    metadata = table.schema.metadata or {}
    marker = metadata.get(b"NextMarker") or metadata.get(b"nextMarker") or b""
    try:
        table = table.select([at for at, name in enumerate(table.column_names) if name in _READ])
        # Arrow trusts the offsets and lengths in the stream: wrong ones would read beyond the page.
        table.validate(full=True)
        return _page(table, marker.decode())
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise _unreadable(str(error).partition("\n")[0]) from None


def _page(table: pa.Table, next_marker: str) -> ListingPage:
    kinds = _column(table, "ResourceType") if "ResourceType" in table.column_names else None
    prefixes: list[str] = []
    if kinds is not None and table.num_rows:
        kinds = kinds.cast(pa.string())
        names = _column(table, "Name").filter(pc.equal(kinds, "blobprefix"))
        prefixes = names.to_pylist()
        table = table.filter(pc.invert(pc.is_in(kinds, pa.array(_NO_BLOBS))))
    return ListingPage(_batch(table), tuple(prefixes), next_marker)


def _batch(table: pa.Table) -> pa.RecordBatch:
    rows = table.num_rows
    schema = blobs_schema()
    columns: list[Any] = [
        _column(table, "Name"),
        _column(table, "Content-Length"),
        tiers(_column(table, "AccessTier", pa.nulls(rows))),
        _column(table, "AccessTierChangeTime", pa.nulls(rows)),
        _column(table, "Last-Modified"),
        is_told(_column(table, "ArchiveStatus", pa.nulls(rows))),
    ]
    return pa.RecordBatch.from_arrays(
        [_as(column, field) for column, field in zip(columns, schema, strict=True)], schema=schema
    )


def _column(table: pa.Table, name: str, otherwise: pa.Array | None = None) -> Any:
    """Return a column in one piece. A page without rows may have no columns at all."""
    if table.column_names.count(name) > 1:
        raise _unreadable(f"there are several columns {name}")
    if name in table.column_names:
        column = table.column(name)
        return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    if otherwise is not None or table.num_rows == 0:
        return pa.nulls(0) if otherwise is None else otherwise
    raise _unreadable(f"there is no column {name}")


def _as(column: Any, field: "pa.Field[Any]") -> Any:
    # Drop fractions of a second.
    column = (
        column if column.type == field.type else column.cast(field.type, safe=not pa.types.is_timestamp(field.type))
    )
    if column.null_count and not field.nullable:
        raise _unreadable(f"a blob has no {field.name}")
    return column


def tiers(column: Any) -> Any:
    """Convert Azure's tier names, plain or dictionary-encoded, to `Tier` numbers."""
    if pa.types.is_dictionary(column.type):
        return tiers(column.dictionary).take(column.indices).fill_null(0)
    return pc.fill_null(pc.index_in(column.cast(pa.string()), TIERS), 0).cast(pa.int8())


def is_told(column: Any) -> Any:
    """Mask of values that are a non-empty text."""
    return pc.fill_null(pc.not_equal(column.cast(pa.string()), ""), False)


def _unreadable(what: str) -> ObjectStoreError:
    return ObjectStoreError(f"reading a page of a listing: {what}")
