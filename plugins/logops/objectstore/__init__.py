"""Azure Blob Storage: the containers that Loki keeps its chunks in.

Nothing here imports azure before a connection is made: the SDK takes most of a second.
"""

from logops.objectstore.credentials import AccountKey, ConnectionString, DefaultIdentity
from logops.objectstore.errors import (
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
    "ConnectionString",
    "DefaultIdentity",
    "ObjectStore",
    "ObjectStoreError",
    "ObjectStoreMisconfigured",
    "ObjectStoreRefused",
    "ObjectStoreUnreachable",
    "ProbeFailed",
    "ProbeStep",
]
