"""The content of a container as Arrow: one schema for listings and inventories."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


class Tier(IntEnum):
    """The access tier of a blob, as numbered in `blobs_schema`. Coldest last."""

    UNKNOWN = 0
    """Not reported: page blobs have no tier, and Azurite reports none for a blob whose tier was never set."""
    HOT = 1
    COOL = 2
    COLD = 3
    ARCHIVE = 4

    @property
    def azure(self) -> str:
        """Azure's name: `Hot`.

        >>> Tier.COOL.azure
        'Cool'
        """
        return self.name.capitalize()


def blobs_schema() -> "pa.Schema":
    """Return the columns of a listing.

    name            the blob's name in its container
    size            bytes
    tier            a `Tier`
    tier_changed    when the tier was last set; null if never
    modified        Last-Modified
    rehydrating     whether an archived blob is being rehydrated
    """
    import pyarrow as pa

    columns: list[pa.Field[Any]] = [
        pa.field("name", pa.string(), nullable=False),
        pa.field("size", pa.int64(), nullable=False),
        pa.field("tier", pa.int8(), nullable=False),
        pa.field("tier_changed", pa.timestamp("s", "UTC")),
        pa.field("modified", pa.timestamp("s", "UTC"), nullable=False),
        pa.field("rehydrating", pa.bool_(), nullable=False),
    ]
    return pa.schema(columns)


@dataclass(frozen=True, slots=True)
class Listing:
    """All blobs of a container, or below some of its prefixes, in no order.

    Batches can be read once. A blob that is written or deleted during the listing may or may not be included.
    """

    source: str
    """`listing` or `inventory`, and its object; for a person."""
    taken: datetime
    """Nothing written before this time is missing: the start of the listing, or the time of the inventory."""
    batches: Iterator["pa.RecordBatch"]
    """With `blobs_schema`. Raises ObjectStoreError if the listing fails."""
