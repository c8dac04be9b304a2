"""A page of a listing, independent of its format."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class ListingPage:
    batch: "pa.RecordBatch"
    """With `blobs_schema`."""
    prefixes: tuple[str, ...]
    """Common prefixes of the names below them, if a delimiter was requested."""
    next_marker: str
    """Empty on the last page."""
