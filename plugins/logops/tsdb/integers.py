"""Integers in the formats of Go's encoding/binary and Loki: big-endian, and varints with 7 bits per byte.

Nothing here checks where the array ends: up to 10 bytes may be read, and the caller guarantees that they are there.
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
def be32(data: Any, at: int) -> Any:
    return np.int64(swap64(load64(data, at)) >> np.uint64(32))


@compiled
def be64(data: Any, at: int) -> Any:
    return np.int64(swap64(load64(data, at)))


@compiled
def uvarint(data: Any, at: int) -> Any:
    """Return a number and its end; TOO_LONG if it has more than 64 bits. From 2^63 on the number is negative."""
    byte = np.int64(data[at])
    at += 1
    value = byte & 0x7F
    shift = 7
    # A loop that the processor can predict: without branches, each number would wait for the previous one.
    while byte >= 0x80:
        if shift == _LAST_SHIFT + 7:
            return value, TOO_LONG
        byte = np.int64(data[at])
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
    return value, (TOO_LONG if shift > _LAST_SHIFT and byte > 1 else at)


@compiled
def unzigzag(value: Any) -> Any:
    """Return the signed number of a varint's `value` (zigzag encoding)."""
    return ((value >> 1) & np.int64(0x7FFFFFFFFFFFFFFF)) ^ -(value & 1)
