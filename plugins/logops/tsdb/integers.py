"""Integers in the formats of Go's encoding/binary and Loki: big-endian, and varints with 7 bits per byte.

No function checks where the array ends. A function may read up to 10 bytes, and the caller guarantees that they exist.
All numbers are int64, because numba turns mixed signs into floats.
"""

from typing import Any

import numpy as np

from logops.tsdb.compiled import compiled
from logops.tsdb.instructions import load64, swap64

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
def unzigzag(value: Any) -> Any:
    """Return the signed number of a varint's `value` (zigzag encoding)."""
    return ((value >> 1) & np.int64(0x7FFFFFFFFFFFFFFF)) ^ -(value & 1)
