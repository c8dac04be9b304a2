"""Sections of an index file: a length in 4 bytes, content, CRC32C. Used for symbols, postings and their tables."""

from typing import Any

from logops.tsdb.compiled import compiled
from logops.tsdb.crc32c import crc32c
from logops.tsdb.faults import CHECKSUM, COUNT, KEYS, NONE, ORDER, OUTSIDE, VARINT
from logops.tsdb.integers import TOO_LONG, be32, uvarint

LABEL_INDEX_KEYS = 1
POSTINGS_KEYS = 2


@compiled
def open_section(data: Any, offset: int, limit: int) -> tuple[int, int, int]:
    """Return the fault, and the start and end of the content (NewDecbufAt in Prometheus' tsdb/encoding)."""
    if offset < 0 or offset > limit - 8:
        return OUTSIDE, offset, offset
    start = offset + 4
    end = start + be32(data, offset)
    if end > limit - 4:
        return OUTSIDE, offset, offset
    if crc32c(data, start, end) != be32(data, end):
        return CHECKSUM, offset, offset
    return NONE, start, end


@compiled
def find_symbols(data: Any, at: int, end: int, starts: Any, ends: Any) -> tuple[int, int]:
    """Write the start and end of each symbol into `starts` and `ends`. Return the fault and its offset."""
    for i in range(len(starts)):
        length, start = uvarint(data, at)
        if start == TOO_LONG:
            return VARINT, at
        if length < 0 or length > end - start:
            return OUTSIDE, at
        starts[i] = start
        at = start + length
        ends[i] = at
    return NONE, at


@compiled
def _skip_keys(data: Any, at: int, end: int, keys: int) -> int:
    """Return the position of the offset of a table's entry; negative if the entry is not valid."""
    key_count, at = uvarint(data, at)
    if at == TOO_LONG or key_count != keys:
        return -KEYS
    for _ in range(keys):
        if at > end:
            return -OUTSIDE
        length, at = uvarint(data, at)
        if at == TOO_LONG:
            return -VARINT
        if length < 0 or length > end - at:
            return -OUTSIDE
        at += length
    return at


@compiled
def check_listed(data: Any, at: int, end: int, keys: int, limit: int) -> tuple[int, int, int]:
    """Check every section in an offset table. Return the fault, its offset, and the start of the first section.

    Loki writes the sections one after another, so the loop ends.
    """
    count = be32(data, at)
    at += 4
    free = 0
    first = -1
    for _ in range(count):
        if at >= end:
            return COUNT, at, first
        after = _skip_keys(data, at, end, keys)
        if after < 0:
            return -after, at, first
        offset, after = uvarint(data, after)
        if after == TOO_LONG or after > end:
            return VARINT, at, first
        if offset < free:
            return ORDER, at, first
        fault, start, free = open_section(data, offset, limit)
        if fault != NONE:
            return fault, offset, first
        if keys == POSTINGS_KEYS and (free - start < 4 or free - start - 4 != 4 * be32(data, start)):
            return COUNT, offset, first
        if first < 0:
            first = offset
        at = after
    return NONE, at, first
