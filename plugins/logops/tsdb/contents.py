"""The header and the table of contents of an index file (tsdb/index/index.go in Loki)."""

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from logops.tsdb.errors import IndexCorruptError, IndexVersionError

if TYPE_CHECKING:
    import numpy as np

MAGIC = 0xBAAAD700
VERSIONS = (2, 3)
_HEADER = struct.Struct(">IB")
_CONTENTS = struct.Struct(">7Q2qI")
CONTENTS_LENGTH = _CONTENTS.size


@dataclass(frozen=True, slots=True)
class Contents:
    """The table of contents: offsets of the sections, and the file's first and last time."""

    version: int
    symbols: int
    series: int
    label_indices: int
    label_indices_table: int
    postings: int
    postings_table: int
    fingerprint_offsets: int
    from_ms: int
    through_ms: int
    checksum: int
    """Of the table of contents, and so of the whole file: a compacted file has it in its name."""


def read_contents(data: "np.ndarray[Any, np.dtype[np.uint8]]", name: str) -> Contents:
    """Read the table of contents. Raises IndexCorruptError and IndexVersionError."""
    from logops.tsdb.crc32c import crc32c

    if len(data) < _HEADER.size:
        raise IndexCorruptError(name, 0, f"the file has {len(data)} bytes, and its header needs {_HEADER.size}")
    magic, version = _HEADER.unpack(data[: _HEADER.size].tobytes())
    if magic != MAGIC:
        raise IndexCorruptError(name, 0, f"the file starts with {magic:08x}, but an index starts with {MAGIC:08x}")
    if version not in VERSIONS:
        raise IndexVersionError(name, version)
    start = len(data) - CONTENTS_LENGTH
    if start < _HEADER.size:
        raise IndexCorruptError(name, len(data), "the file is too short for a table of contents")
    fields = _CONTENTS.unpack(data[start:].tobytes())
    if crc32c(data, start, len(data) - 4) != fields[-1]:
        raise IndexCorruptError(
            name, start, "the table of contents does not match its checksum, or the file is truncated"
        )
    return Contents(version, *fields)
