"""What a container holds, as Arrow: one schema, whether it was listed or read from an inventory."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


class Tier(IntEnum):
    """A blob's access tier, as `blobs_schema` numbers it. Coldest last."""

    UNKNOWN = 0
    """Not told: page blobs have none, and Azurite tells none for a blob whose tier was never set."""
    HOT = 1
    COOL = 2
    COLD = 3
    ARCHIVE = 4

    @property
    def azure(self) -> str:
        """Azure's word: `Hot`.

        >>> Tier.COOL.azure
        'Cool'
        """
        return self.name.capitalize()


def blobs_schema() -> "pa.Schema":
    """Columns of a listing.

    name            the blob's name in its container
    size            bytes
    tier            a `Tier`
    tier_changed    when the tier was last set; null where it never was
    modified        Last-Modified
    rehydrating     whether an archived blob is on its way back
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
    """Everything in a container, or below some prefixes of it, in no order.

    Batches are read as they are asked for, once. What was written or deleted while it was listed may be in it or not.
    """

    source: str
    """`listing` or `inventory`, and of what: for a person."""
    taken: datetime
    """Nothing written before it is absent: when listing began, or the inventory was taken."""
    batches: Iterator["pa.RecordBatch"]
    """Of `blobs_schema`. Raises ObjectStoreError where it breaks off."""
