"""How a container is listed in parts: values, and what follows from a page. Nothing here asks anything."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from logops.clients.blob_storage.errors import ObjectStoreError

MOST_PREFIXES = 1000
"""A container with more than these on a page of its first level, and more pages, is not laid out by tenants: a request
for each of them would take longer than all pages do."""

_HEX = "0123456789abcdef"
_FINGERPRINT = re.compile(r"[0-9a-f]{1,16}/")


@dataclass(frozen=True, slots=True)
class Walk:
    """A part of a container and how far it was listed: the names below `prefix` from `first` on, up to before `end`.

    What is still to be listed of a container is a set of these that do not overlap.
    """

    prefix: str
    marker: str = ""
    """Azure's NextMarker of the page before; empty at the beginning."""
    first: str = ""
    end: str = ""
    """Empty: no end but the prefix's."""
    levels: bool = False
    """Only what stands directly at this prefix is listed, and each of the prefixes below it becomes a walk."""
    whole: bool = False
    """Not to be split again."""

    @property
    def query(self) -> dict[str, str]:
        """The parameters of List Blobs for the next page (Azure docs, rest/api/storageservices/list-blobs)."""
        given = {
            "prefix": self.prefix,
            "marker": self.marker,
            "startFrom": self.first,
            "delimiter": "/" if self.levels else "",
        }
        return {"restype": "container", "comp": "list"} | {name: value for name, value in given.items() if value}

    def __str__(self) -> str:
        if self.first or self.end:
            return f"the names from {self.first or self.prefix!r} to before {self.end or 'the end'!r}"
        return f"the prefix {self.prefix!r}" if self.prefix else "all names"


@dataclass(frozen=True, slots=True)
class Unlisted:
    """What is still to be listed of a container."""

    taken: datetime
    """When its listing began."""
    blobs: int
    """How many were listed before."""
    walks: tuple[Walk, ...]


def walks_of(prefixes: Sequence[str]) -> tuple[Walk, ...]:
    """One for each prefix that no other one covers.

    >>> [walk.prefix for walk in walks_of(["index/", "t1/", "index/loki_index_7"])]
    ['index/', 't1/']
    """
    kept: list[str] = []
    for prefix in sorted(prefixes):
        if not kept or not prefix.startswith(kept[-1]):
            kept.append(prefix)
    return tuple(Walk(prefix, levels=not prefix) for prefix in kept)


def after_page(walk: Walk, next_marker: str, prefixes: Sequence[str]) -> tuple[Walk, ...]:
    """What is still to be walked after a page of `walk`: its next page, and the prefixes the page named."""
    if next_marker and next_marker == walk.marker:
        raise ObjectStoreError(f"listing {walk}: the service gave the same marker twice: it would never end")
    rest = (replace(walk, marker=next_marker),) if next_marker else ()
    return *rest, *(Walk(prefix) for prefix in prefixes)


def has_too_many_folders(walk: Walk, next_marker: str, prefixes: Sequence[str]) -> bool:
    """Whether what was asked for the first page of a level is better walked without regard to folders."""
    return walk.levels and not walk.marker and bool(next_marker) and len(prefixes) > MOST_PREFIXES


def is_to_be_split(walk: Walk, next_marker: str, last_name: str) -> bool:
    """Whether what was asked for its first page is a tenant's, long, and so better walked in parts.

    Chunks are TENANT/FINGERPRINT/..., the fingerprint in hexadecimal digits (`audit.chunks.chunk_name`).
    """
    if walk.marker or walk.whole or walk.levels or not next_marker or not walk.prefix.endswith("/"):
        return False
    return _FINGERPRINT.match(last_name[len(walk.prefix) :]) is not None


def parts_of(walk: Walk) -> tuple[Walk, ...]:
    """A tenant's walk by the first digit of the fingerprint, and what may lie before, between and after the digits.

    >>> [str(part) for part in parts_of(Walk("t1/"))][:2]
    ["the names from 't1/' to before 't1/0'", "the names from 't1/:' to before 't1/a'"]
    """
    prefix = walk.prefix
    gaps = (
        Walk(prefix, end=f"{prefix}0", whole=True),
        Walk(prefix, first=f"{prefix}:", end=f"{prefix}a", whole=True),
        Walk(prefix, first=f"{prefix}g", whole=True),
    )
    return *gaps, *(Walk(f"{prefix}{digit}", whole=True) for digit in _HEX)


def is_past(walk: Walk, last_name: str) -> bool:
    """Whether a page that ends with this name reached the walk's end. Names come in the order of their bytes."""
    return bool(walk.end) and last_name.encode() >= walk.end.encode()
