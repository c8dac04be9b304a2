"""Azure Blob Storage: the containers in which Loki keeps its chunks.

Nothing here imports azure before a connection is made: importing the SDK takes most of a second.
"""

from logops.clients.blob_storage.blobs import Listing, Tier
from logops.clients.blob_storage.credentials import AccountKey, ConnectionString, DefaultIdentity
from logops.clients.blob_storage.errors import (
    BlobArchivedError,
    BlobMissingError,
    InventoryError,
    ListingInterruptedError,
    ObjectStoreError,
    ObjectStoreMisconfiguredError,
    ObjectStoreRefusedError,
    ObjectStoreUnreachableError,
    ProbeError,
    ProbeStep,
)
from logops.clients.blob_storage.store import ObjectStore

__all__ = [
    "AccountKey",
    "BlobArchivedError",
    "BlobMissingError",
    "ConnectionString",
    "DefaultIdentity",
    "InventoryError",
    "Listing",
    "ListingInterruptedError",
    "ObjectStore",
    "ObjectStoreError",
    "ObjectStoreMisconfiguredError",
    "ObjectStoreRefusedError",
    "ObjectStoreUnreachableError",
    "ProbeError",
    "ProbeStep",
    "Tier",
]
