"""The series section: one entry per series, with labels and chunks (AddSeries in Loki's tsdb/index/index.go).

    uvarint  length of the following fields, without the checksum
    uint64   fingerprint
    uvarint  number of labels; for each, the symbol numbers of its name and value, uvarint
    uvarint  number of chunks
    V3: uint32 length of the page markers, then the markers: the time range of 16 chunks each
    per chunk: varint from - through of the previous chunk, uvarint through - from, uvarint KB, uvarint entries,
             uint32 checksum
    uint32   CRC32C

The code reads a number first and then checks that it is inside its entry. Thus it reads at most 44 bytes too far, the
length of the longest chunk. The table of contents after the last entry has 76 bytes.
"""

from typing import Any

import numpy as np

from logops.tsdb.compiled import compiled
from logops.tsdb.crc32c import crc32c
from logops.tsdb.faults import CHECKSUM, COUNT, LENGTH, NO_TENANT, NONE, ORDER, OUTSIDE, SYMBOL, VARINT
from logops.tsdb.integers import TOO_LONG, be32, be64, four_short_ends, four_uvarints, short_uvarint, unzigzag, uvarint

FORMAT_V3 = 3
_LEAST_CHUNK = 8
_LONGEST_LENGTH = 5
NO_SYMBOL = -1


@compiled
def _open_entry(data: Any, offset: int, free: int, limit: int) -> tuple[int, int, int]:
    """Check an entry. Return the fault, and the start and end of the content.

    Source: NewDecbufUvarintAt in Prometheus' tsdb/encoding.
    """
    if offset < free:
        return ORDER, offset, offset
    if offset > limit - _LONGEST_LENGTH:
        return OUTSIDE, offset, offset
    length, start = uvarint(data, offset)
    if start == TOO_LONG or start - offset > _LONGEST_LENGTH:
        return VARINT, offset, offset
    end = start + length
    if end > limit - 4:
        return OUTSIDE, offset, offset
    if crc32c(data, start, end) != be32(data, end):
        return CHECKSUM, offset, offset
    return NONE, start, end


@compiled
def _read_labels(data: Any, position: int, end: int, symbols: int, name_symbol: int) -> tuple[int, int, int]:
    """Return the fault, the end of the labels, and the value symbol of the label with the name symbol `name_symbol`."""
    value_symbol = NO_SYMBOL
    count, position = uvarint(data, position)
    if position == TOO_LONG:
        return VARINT, position, value_symbol
    while count != 0:
        if position > end:
            return OUTSIDE, position, value_symbol
        name, position = uvarint(data, position)
        if position == TOO_LONG or name < 0 or name >= symbols:
            return SYMBOL, position, value_symbol
        value, position = uvarint(data, position)
        if position == TOO_LONG or value < 0 or value >= symbols:
            return SYMBOL, position, value_symbol
        if name == name_symbol:
            value_symbol = value
        count -= 1
    return (OUTSIDE if position > end else NONE), position, value_symbol


@compiled
def _open_chunks(data: Any, position: int, end: int, version: int) -> tuple[int, int, int]:
    """Return the fault, the start of the chunks, and their number."""
    count, position = uvarint(data, position)
    if position == TOO_LONG:
        return VARINT, position, 0
    if version >= FORMAT_V3:
        if position > end - 4:
            return OUTSIDE, position, 0
        position += 4 + be32(data, position)
    if position > end:
        return OUTSIDE, position, 0
    if count < 0 or count > (end - position) // _LEAST_CHUNK:
        return COUNT, position, 0
    return NONE, position, count


@compiled
def read_series(
    data: Any, references: int, limit: int, version: int, symbols: int, tenant: int, parts: Any
) -> tuple[int, int]:
    """Check each series in the list at `references` (units of 16 bytes), and write the offsets of its parts.

    parts   one row per series: fingerprint, labels, chunks, end, number of chunks, value symbol of the label `tenant`

    Returns the fault and its offset. The list is Loki's own list of all series, in order.
    """
    free = 0
    for i in range(len(parts)):
        offset = be32(data, references + 4 * i) * 16
        fault, start, end = _open_entry(data, offset, free, limit)
        if fault != NONE:
            return fault, offset
        labels = start + 8
        if labels > end:
            return OUTSIDE, offset
        fault, position, value = _read_labels(data, labels, end, symbols, tenant)
        if fault != NONE:
            return fault, offset
        if tenant != NO_SYMBOL and value == NO_SYMBOL:
            return NO_TENANT, offset
        fault, position, count = _open_chunks(data, position, end, version)
        if fault != NONE:
            return fault, offset
        parts[i, 0] = be64(data, start)
        parts[i, 1] = labels
        parts[i, 2] = position
        parts[i, 3] = end
        parts[i, 4] = count
        parts[i, 5] = value
        free = end + 4
    return NONE, 0


@compiled
def read_chunks(
    data: Any,
    parts: Any,
    first: int,
    tenants: Any,
    tenant: Any,
    series: Any,
    fingerprint: Any,
    from_ms: Any,
    through_ms: Any,
    kb: Any,
    entries: Any,
    checksum: Any,
) -> tuple[int, int]:
    """Write one row per chunk into the columns. Return the fault and its offset.

    first     number of the first series
    tenants   tenant of each series; empty if there is one tenant: its number is 0, and the column is not written
    """
    row = 0
    for i in range(len(parts)):
        position = parts[i, 2]
        end = parts[i, 3]
        through = np.int64(0)
        for _ in range(parts[i, 4]):
            end1, end2, end3, end4 = four_short_ends(data, position)
            if end4 != TOO_LONG:
                begins = short_uvarint(data, position, end1)
                spans = short_uvarint(data, end1, end2)
                size = short_uvarint(data, end2, end3)
                lines = short_uvarint(data, end3, end4)
                position = end4
            else:
                begins, spans, size, lines, position = four_uvarints(data, position)
                if position == TOO_LONG:
                    return VARINT, parts[i, 2]
            position += 4
            if position > end:
                return OUTSIDE, parts[i, 2]
            begins = through + unzigzag(begins)
            through = begins + spans
            if len(tenants):
                tenant[row] = tenants[i]
            series[row] = first + i
            fingerprint[row] = parts[i, 0]
            from_ms[row] = begins
            through_ms[row] = through
            kb[row] = size
            entries[row] = lines
            checksum[row] = be32(data, position - 4)
            row += 1
        if parts[i, 4] != 0 and position != end:
            return LENGTH, parts[i, 2]
    return NONE, 0


@compiled
def values_of(data: Any, labels: Any, name: int, values: Any) -> None:
    """Write the value symbol of a label for each series.

    labels   position of the labels of each series
    name     symbol of the label's name
    """
    for i in range(len(labels)):
        values[i] = NO_SYMBOL
        count, position = uvarint(data, labels[i])
        for _ in range(count):
            key, position = uvarint(data, position)
            value, position = uvarint(data, position)
            if key == name:
                values[i] = value


@compiled
def labels_of(data: Any, position: int, names: Any, values: Any) -> None:
    """Write the symbols of a series' labels into `names` and `values`. The labels start at `position`."""
    _, position = uvarint(data, position)
    for i in range(len(names)):
        names[i], position = uvarint(data, position)
        values[i], position = uvarint(data, position)
