"""The series section: an entry a series, with its labels and chunks (AddSeries in Loki's tsdb/index/index.go).

    uvarint  length of what follows, without the checksum
    uint64   fingerprint
    uvarint  number of labels; of each, the numbers of its name's and its value's symbol, uvarint
    uvarint  number of chunks
    V3: uint32 length of the page markers, and they, which say of 16 chunks each how far they reach
    of each chunk: varint from - through of the one before, uvarint through - from, uvarint KB, uvarint entries,
             uint32 checksum
    uint32   CRC32C

A number is read without looking whether it is inside its entry; whether it was, is asked afterwards. That reads at
most 44 bytes too far, a chunk's longest, and the table of contents alone, behind every entry, has 76.
"""

from typing import Any

import numpy as np

from logops.tsdb.compiled import compiled
from logops.tsdb.crc32c import crc32c
from logops.tsdb.faults import CHECKSUM, COUNT, LENGTH, NO_TENANT, NONE, ORDER, OUTSIDE, SYMBOL, VARINT
from logops.tsdb.integers import TOO_LONG, be32, be64, unzigzag, uvarint

FORMAT_V3 = 3
_LEAST_CHUNK = 8
_LONGEST_LENGTH = 5
NO_SYMBOL = -1


@compiled
def _open_entry(data: Any, offset: int, free: int, limit: int) -> tuple[int, int, int]:
    """The fault, and where the entry's content begins and ends (NewDecbufUvarintAt in Prometheus' tsdb/encoding)."""
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
def _read_labels(data: Any, at: int, end: int, symbols: int, wanted: int) -> tuple[int, int, int]:
    """The fault, where the labels end, and the symbol of the value of the label named by the symbol `wanted`."""
    found = NO_SYMBOL
    count, at = uvarint(data, at)
    if at == TOO_LONG:
        return VARINT, at, found
    while count != 0:
        if at > end:
            return OUTSIDE, at, found
        name, at = uvarint(data, at)
        if at == TOO_LONG or name < 0 or name >= symbols:
            return SYMBOL, at, found
        value, at = uvarint(data, at)
        if at == TOO_LONG or value < 0 or value >= symbols:
            return SYMBOL, at, found
        if name == wanted:
            found = value
        count -= 1
    return (OUTSIDE if at > end else NONE), at, found


@compiled
def _open_chunks(data: Any, at: int, end: int, version: int) -> tuple[int, int, int]:
    """The fault, where the chunks begin, and how many they are."""
    count, at = uvarint(data, at)
    if at == TOO_LONG:
        return VARINT, at, 0
    if version >= FORMAT_V3:
        if at > end - 4:
            return OUTSIDE, at, 0
        at += 4 + be32(data, at)
    if at > end:
        return OUTSIDE, at, 0
    if count < 0 or count > (end - at) // _LEAST_CHUNK:
        return COUNT, at, 0
    return NONE, at, count


@compiled
def read_series(
    data: Any, references: int, limit: int, version: int, symbols: int, tenant: int, found: Any
) -> tuple[int, int]:
    """Check each series that the list at `references` names, 16 bytes a unit, and say where its parts are.

    found   a row a series: fingerprint, labels, chunks, end, number of chunks, symbol of the value of the label
            that the symbol `tenant` names

    Gives the fault and where. The list is Loki's own of all series, in their order.
    """
    free = 0
    for i in range(len(found)):
        offset = be32(data, references + 4 * i) * 16
        fault, start, end = _open_entry(data, offset, free, limit)
        if fault != NONE:
            return fault, offset
        labels = start + 8
        if labels > end:
            return OUTSIDE, offset
        fault, at, value = _read_labels(data, labels, end, symbols, tenant)
        if fault != NONE:
            return fault, offset
        if tenant != NO_SYMBOL and value == NO_SYMBOL:
            return NO_TENANT, offset
        fault, at, count = _open_chunks(data, at, end, version)
        if fault != NONE:
            return fault, offset
        found[i, 0] = be64(data, start)
        found[i, 1] = labels
        found[i, 2] = at
        found[i, 3] = end
        found[i, 4] = count
        found[i, 5] = value
        free = end + 4
    return NONE, 0


@compiled
def read_chunks(
    data: Any,
    found: Any,
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
    """Write a row a chunk into the columns. Gives the fault and where.

    first     number of the first series
    tenants   each series' tenant; none where there is one: its number is 0, and its column is left as it is
    """
    row = 0
    for i in range(len(found)):
        at = found[i, 2]
        end = found[i, 3]
        through = np.int64(0)
        for _ in range(found[i, 4]):
            begins, at = uvarint(data, at)
            if at == TOO_LONG:
                return VARINT, found[i, 2]
            spans, at = uvarint(data, at)
            if at == TOO_LONG:
                return VARINT, found[i, 2]
            size, at = uvarint(data, at)
            if at == TOO_LONG:
                return VARINT, found[i, 2]
            lines, at = uvarint(data, at)
            if at == TOO_LONG:
                return VARINT, found[i, 2]
            at += 4
            if at > end:
                return OUTSIDE, found[i, 2]
            begins = through + unzigzag(begins)
            through = begins + spans
            if len(tenants):
                tenant[row] = tenants[i]
            series[row] = first + i
            fingerprint[row] = found[i, 0]
            from_ms[row] = begins
            through_ms[row] = through
            kb[row] = size
            entries[row] = lines
            checksum[row] = be32(data, at - 4)
            row += 1
        if found[i, 4] != 0 and at != end:
            return LENGTH, found[i, 2]
    return NONE, 0


@compiled
def values_of(data: Any, labels: Any, name: int, values: Any) -> None:
    """The symbol of a label's value, of each series; `labels` is where theirs are, `name` the label's symbol."""
    for i in range(len(labels)):
        values[i] = NO_SYMBOL
        count, at = uvarint(data, labels[i])
        for _ in range(count):
            key, at = uvarint(data, at)
            value, at = uvarint(data, at)
            if key == name:
                values[i] = value


@compiled
def labels_of(data: Any, at: int, names: Any, values: Any) -> None:
    """The symbols of a series' labels, whose number is behind `at`, into `names` and `values`."""
    _, at = uvarint(data, at)
    for i in range(len(names)):
        names[i], at = uvarint(data, at)
        values[i], at = uvarint(data, at)
