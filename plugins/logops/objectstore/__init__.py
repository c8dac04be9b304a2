"""Azure Blob Storage: the containers that Loki keeps its chunks in.

Nothing here imports azure before a connection is made: the SDK takes most of a second.
"""

from logops.objectstore.blobs import Listing, Tier
from logops.objectstore.credentials import AccountKey, ConnectionString, DefaultIdentity
from logops.objectstore.errors import (
    BlobArchived,
    BlobMissing,
    InventoryRefused,
    ListingBroken,
    ObjectStoreError,
    ObjectStoreMisconfigured,
    ObjectStoreRefused,
    ObjectStoreUnreachable,
    ProbeFailed,
    ProbeStep,
)
from logops.objectstore.store import ObjectStore

__all__ = [
    "AccountKey",
    "BlobArchived",
    "BlobMissing",
    "ConnectionString",
    "DefaultIdentity",
    "InventoryRefused",
    "Listing",
    "ListingBroken",
    "ObjectStore",
    "ObjectStoreError",
    "ObjectStoreMisconfigured",
    "ObjectStoreRefused",
    "ObjectStoreUnreachable",
    "ProbeFailed",
    "ProbeStep",
    "Tier",
]
