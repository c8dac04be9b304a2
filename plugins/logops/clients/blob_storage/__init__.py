"""Azure Blob Storage: the containers that Loki keeps its chunks in.

Nothing here imports azure before a connection is made: the SDK takes most of a second.
"""

from logops.clients.blob_storage.blobs import Listing, Tier
from logops.clients.blob_storage.credentials import AccountKey, ConnectionString, DefaultIdentity
from logops.clients.blob_storage.errors import (
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
from logops.clients.blob_storage.store import ObjectStore

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
