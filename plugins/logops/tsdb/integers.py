"""Integers in the formats of Go's encoding/binary and Loki: big-endian, and varints with 7 bits per byte.

No function checks where the array ends. A function may read up to 10 bytes, and the caller guarantees that they exist.
All numbers are int64, because numba turns mixed signs into floats.
"""

from typing import Any

import numpy as np

from logops.tsdb.compiled import compiled
from logops.tsdb.instructions import high_bits16, load64, swap64, trailing_zeros

_LAST_SHIFT = 63
"""The shift of the tenth byte, which has one usable bit."""
TOO_LONG = -1


@compiled
def be32(data: Any, position: int) -> Any:
    return np.int64(swap64(load64(data, position)) >> np.uint64(32))


@compiled
def be64(data: Any, position: int) -> Any:
    return np.int64(swap64(load64(data, position)))


@compiled
def uvarint(data: Any, position: int) -> Any:
    """Return a number and its end. The end is TOO_LONG if the number has more than 64 bits.

    Numbers from 2^63 on are returned as negative numbers.
    """
    byte = np.int64(data[position])
    position += 1
    value = byte & 0x7F
    shift = 7
    # A loop, because the processor can predict it. Without branches, each number would wait for the previous one.
    while byte >= 0x80:
        if shift == _LAST_SHIFT + 7:
            return value, TOO_LONG
        byte = np.int64(data[position])
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
    return value, (TOO_LONG if shift > _LAST_SHIFT and byte > 1 else position)


@compiled
def four_uvarints(data: Any, position: int) -> tuple[int, int, int, int, int]:
    """Return four numbers that follow one another, and the end of the last one, as `uvarint` does."""
    first, position = uvarint(data, position)
    if position == TOO_LONG:
        return 0, 0, 0, 0, TOO_LONG
    second, position = uvarint(data, position)
    if position == TOO_LONG:
        return 0, 0, 0, 0, TOO_LONG
    third, position = uvarint(data, position)
    if position == TOO_LONG:
        return 0, 0, 0, 0, TOO_LONG
    fourth, position = uvarint(data, position)
    return first, second, third, fourth, position


@compiled
def four_short_ends(data: Any, position: int) -> tuple[Any, Any, Any, Any]:
    """Return the ends of four numbers that follow one another. The last end is TOO_LONG if the four have more than 16
    bytes, or one has more than 8. Reads 16 bytes.

    The last byte of a number has no high bit, so all ends are found at once. One by one, the processor cannot start on
    a number before it has found the end of the number before, and guesses many of the ends wrong.
    """
    last_bytes = ~high_bits16(data, position) & np.uint64(0xFFFF)
    end1 = position + 1 + np.int64(trailing_zeros(last_bytes))
    last_bytes &= last_bytes - np.uint64(1)
    end2 = position + 1 + np.int64(trailing_zeros(last_bytes))
    last_bytes &= last_bytes - np.uint64(1)
    end3 = position + 1 + np.int64(trailing_zeros(last_bytes))
    last_bytes &= last_bytes - np.uint64(1)
    end4 = position + 1 + np.int64(trailing_zeros(last_bytes))
    is_short = end1 - position <= 8 and end2 - end1 <= 8 and end3 - end2 <= 8 and end4 - end3 <= 8
    return end1, end2, end3, (end4 if last_bytes != 0 and is_short else TOO_LONG)


@compiled
def short_uvarint(data: Any, position: int, end: int) -> Any:
    """Return a number of at most 8 bytes. Each has 7 bits of it, the lowest first."""
    word = load64(data, position) & (np.uint64(0x7F7F7F7F7F7F7F7F) >> np.uint64(8 * (position + 8 - end)))
    # Move pairs of 7 bits together, then pairs of 14, then of 28.
    word = (word & np.uint64(0x007F007F007F007F)) | (word & np.uint64(0x7F007F007F007F00)) >> np.uint64(1)
    word = (word & np.uint64(0x00003FFF00003FFF)) | (word & np.uint64(0x3FFF00003FFF0000)) >> np.uint64(2)
    return np.int64((word & np.uint64(0x0FFFFFFF)) | (word & np.uint64(0x0FFFFFFF00000000)) >> np.uint64(4))


@compiled
def unzigzag(value: Any) -> Any:
    """Return the signed number of a varint's `value` (zigzag encoding)."""
    return ((value >> 1) & np.int64(0x7FFFFFFFFFFFFFFF)) ^ -(value & 1)
