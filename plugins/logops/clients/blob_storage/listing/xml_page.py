"""Read a page of List Blobs in XML."""

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

import numpy as np
import pyarrow as pa

from logops.clients.blob_storage.blobs import blobs_schema
from logops.clients.blob_storage.errors import ObjectStoreError
from logops.clients.blob_storage.listing.page import ListingPage
from logops.clients.blob_storage.listing.xml_scan import (
    CHANGED,
    COLUMNS,
    END,
    IS_DIRECTORY,
    IS_PREFIX,
    IS_REHYDRATING,
    KIND,
    MODIFIED,
    NAME_END,
    NEVER,
    SIZE,
    TIER,
    scan,
)

if TYPE_CHECKING:
    from logops.clients.blob_storage.listing.xml_scan import Bytes, Longs

_SHORTEST_ROW = len("<BlobPrefix><Name>a</Name></BlobPrefix>")


def read_xml_page(body: bytes) -> ListingPage:
    """Read a page. Raises ObjectStoreError if it is not a complete answer."""
    text = np.zeros(len(body) + END, np.uint8)
    text[: len(body)] = np.frombuffer(body, np.uint8)
    names = np.empty(len(body), np.uint8)
    table = np.empty((len(body) // _SHORTEST_ROW + 1, COLUMNS), np.int64)
    try:
        if b"encoding=" in body[:60] and b"utf-8" not in body[:60].lower():
            raise ValueError("its encoding is not UTF-8")
        # Checks that all of it is UTF-8, which the scanner does not do.
        body.decode()
        rows, begin, end, encoded = scan(text, names, table)
        marker = text[begin:end].tobytes()
        return _page(table[:rows], names, (unquote_to_bytes(marker) if encoded else marker).decode())
    except ValueError as error:
        # Arrow's errors are ValueErrors, too.
        raise ObjectStoreError(f"reading a page of a listing: {error}") from None


def _page(table: "Longs", text: "Bytes", next_marker: str) -> ListingPage:
    kinds = table[:, KIND]
    names = _names(table[:, NAME_END], text)
    columns: list[Any] = [
        names,
        pa.array(table[:, SIZE]),
        pa.array(table[:, TIER].astype(np.int8)),
        _times(table[:, CHANGED]),
        _times(table[:, MODIFIED]),
        pa.array(kinds & IS_REHYDRATING != 0),
    ]
    batch = pa.RecordBatch.from_arrays(columns, schema=blobs_schema())
    if not np.any(kinds & (IS_PREFIX | IS_DIRECTORY)):
        return ListingPage(batch, (), next_marker)
    prefixes = names.filter(pa.array(kinds & IS_PREFIX != 0)).to_pylist()
    return ListingPage(batch.filter(pa.array(kinds & (IS_PREFIX | IS_DIRECTORY) == 0)), tuple(prefixes), next_marker)


def _names(ends: "Longs", text: "Bytes") -> pa.StringArray:
    offsets = np.zeros(len(ends) + 1, np.int32)
    offsets[1:] = ends
    names = pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(text[: offsets[-1]].copy()))
    # Percent-encoded names may still not be UTF-8.
    names.validate(full=True)
    return names


def _times(seconds: "Longs") -> pa.Array:
    return pa.array(seconds, pa.int64(), mask=seconds == NEVER).cast(pa.timestamp("s", "UTC"))
