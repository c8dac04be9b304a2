"""A storage account in memory with the methods that audits use. Operations can be made to fail."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

import pyarrow as pa

from logops.clients.blob_storage import BlobMissingError, ObjectStoreError
from logops.clients.blob_storage.blobs import Listing, Tier, blobs_schema


@dataclass
class Blob:
    data: bytes = b""
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))
    tier: Tier = Tier.HOT


@dataclass
class MemoryStore:
    """Fake of `ObjectStore`: one account, in which every container has the same blobs."""

    blobs: dict[str, Blob] = field(default_factory=dict)
    fails: set[str] = field(default_factory=set)
    """Operations that the account refuses: `list`, `read` or `exists`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def container(self, name: str) -> Self:
        return self

    def list(self, prefixes: Sequence[str] = ("",), **_: Any) -> Listing:
        self._ask("list")
        rows = [
            {
                "name": name,
                "size": len(blob.data),
                "tier": int(blob.tier),
                "tier_changed": None,
                "modified": blob.modified,
                "rehydrating": False,
            }
            for name, blob in sorted(self.blobs.items())
            if name.startswith(tuple(prefixes))
        ]
        batch = pa.RecordBatch.from_pylist(rows, schema=blobs_schema())
        return Listing("listing of memory", datetime.now(UTC), iter([batch]))

    def read(self, name: str, limit: int = 0) -> bytes:
        self._ask("read")
        if name not in self.blobs:
            raise BlobMissingError(f"reading {name}: it is not there", 404, "BlobNotFound")
        return self.blobs[name].data

    def exists(self, names: Sequence[str]) -> "list[bool]":
        self._ask("exists")
        return [name in self.blobs for name in names]

    def _ask(self, what: str) -> None:
        if what in self.fails:
            raise ObjectStoreError(f"the account refuses to {what}")
