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
    """Check a section. Return the fault, and the start and end of the content.

    Source: NewDecbufAt in Prometheus' tsdb/encoding.
    """
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
def find_symbols(data: Any, position: int, end: int, starts: Any, ends: Any) -> tuple[int, int]:
    """Write the start and end of each symbol into `starts` and `ends`. Return the fault and its offset."""
    for i in range(len(starts)):
        length, start = uvarint(data, position)
        if start == TOO_LONG:
            return VARINT, position
        if length < 0 or length > end - start:
            return OUTSIDE, position
        starts[i] = start
        position = start + length
        ends[i] = position
    return NONE, position


@compiled
def _skip_keys(data: Any, position: int, end: int, keys: int) -> int:
    """Return the position after the keys of a table's entry, where its offset starts; the negative fault if invalid."""
    key_count, position = uvarint(data, position)
    if position == TOO_LONG or key_count != keys:
        return -KEYS
    for _ in range(keys):
        if position > end:
            return -OUTSIDE
        length, position = uvarint(data, position)
        if position == TOO_LONG:
            return -VARINT
        if length < 0 or length > end - position:
            return -OUTSIDE
        position += length
    return position


@compiled
def check_listed(data: Any, position: int, end: int, keys: int, limit: int) -> tuple[int, int, int]:
    """Check every section in an offset table. Return the fault, its offset, and the start of the first section.

    Loki writes the sections one after another, so the loop ends.
    """
    count = be32(data, position)
    position += 4
    free = 0
    first = -1
    for _ in range(count):
        if position >= end:
            return COUNT, position, first
        after = _skip_keys(data, position, end, keys)
        if after < 0:
            return -after, position, first
        offset, after = uvarint(data, after)
        if after == TOO_LONG or after > end:
            return VARINT, position, first
        if offset < free:
            return ORDER, position, first
        fault, start, free = open_section(data, offset, limit)
        if fault != NONE:
            return fault, offset, first
        if keys == POSTINGS_KEYS and (free - start < 4 or free - start - 4 != 4 * be32(data, start)):
            return COUNT, offset, first
        if first < 0:
            first = offset
        position = after
    return NONE, position, first
