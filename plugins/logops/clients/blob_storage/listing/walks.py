"""Split the listing of a container into parts. Pure: nothing here sends a request."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from logops.clients.blob_storage.errors import ObjectStoreError

MOST_PREFIXES = 1000
"""If the first level of a container has more prefixes than this on a page, and more pages, it is not split by tenant:
one request per prefix would take longer than all pages."""

_HEX = "0123456789abcdef"
_FINGERPRINT = re.compile(r"[0-9a-f]{1,16}/")


@dataclass(frozen=True, slots=True)
class Walk:
    """A part of a container and its progress: the names below `prefix` from `first` to before `end`.

    What is still to be listed of a container is a set of walks that do not overlap.
    """

    prefix: str
    marker: str = ""
    """Azure's NextMarker of the previous page; empty at the start."""
    first: str = ""
    end: str = ""
    """Empty: the end of the prefix."""
    levels: bool = False
    """List only the names directly at this prefix; each prefix below it becomes a walk."""
    whole: bool = False
    """Do not split again."""

    @property
    def query(self) -> dict[str, str]:
        """Return the parameters of List Blobs for the next page (Azure docs, rest/api/storageservices/list-blobs)."""
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
    """The part of a container that is still to be listed."""

    taken: datetime
    """When the listing started."""
    blobs: int
    """Number of blobs listed so far."""
    walks: tuple[Walk, ...]


def walks_of(prefixes: Sequence[str]) -> tuple[Walk, ...]:
    """Return one walk for each prefix that no other prefix covers.

    >>> [walk.prefix for walk in walks_of(["index/", "t1/", "index/loki_index_7"])]
    ['index/', 't1/']
    """
    kept: list[str] = []
    for prefix in sorted(prefixes):
        if not kept or not prefix.startswith(kept[-1]):
            kept.append(prefix)
    return tuple(Walk(prefix, levels=not prefix) for prefix in kept)


def after_page(walk: Walk, next_marker: str, prefixes: Sequence[str]) -> tuple[Walk, ...]:
    """Return the remaining walks after a page of `walk`: its next page, and the prefixes on the page."""
    if next_marker and next_marker == walk.marker:
        raise ObjectStoreError(f"listing {walk}: the service gave the same marker twice: it would never end")
    next_page = (replace(walk, marker=next_marker),) if next_marker else ()
    return *next_page, *(Walk(prefix) for prefix in prefixes)


def has_too_many_folders(walk: Walk, next_marker: str, prefixes: Sequence[str]) -> bool:
    """Whether a level has so many prefixes that it is faster to list it without a delimiter."""
    return walk.levels and not walk.marker and bool(next_marker) and len(prefixes) > MOST_PREFIXES


def is_to_be_split(walk: Walk, next_marker: str, last_name: str) -> bool:
    """Whether a walk covers a tenant with many chunks, so that it is faster to list it in parts.

    Chunks are TENANT/FINGERPRINT/..., with a hexadecimal fingerprint (`chunk_name`).
    """
    if walk.marker or walk.whole or walk.levels or not next_marker or not walk.prefix.endswith("/"):
        return False
    return _FINGERPRINT.match(last_name[len(walk.prefix) :]) is not None


def parts_of(walk: Walk) -> tuple[Walk, ...]:
    """Split a tenant's walk by the first digit of the fingerprint, including names before, between and after the
    digits.

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
    """Whether a page that ends with this name reached the end of the walk. Names are sorted by bytes."""
    return bool(walk.end) and last_name.encode() >= walk.end.encode()
