"""What a page of a listing says, whatever it was sent as."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Page:
    batch: "pa.RecordBatch"
    """Of `blobs_schema`."""
    prefixes: tuple[str, ...]
    """What stands for the names below it, where a delimiter was asked for."""
    next_marker: str
    """Empty on the last page."""
