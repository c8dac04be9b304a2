"""Numbers as Go's encoding/binary and Loki write them: big-endian, and varints of 7 bits a byte.

Nothing here looks where the array ends: a number may be read from the 10 bytes where it begins, and the caller
sees to it that they are there. Numbers are int64 throughout: numba makes floats of mixed signs.
"""

from typing import Any

import numpy as np

from logops.tsdb.compiled import compiled
from logops.tsdb.instructions import load64, swap64

_LAST_SHIFT = 63
"""Of the tenth byte, of which one bit is left."""
TOO_LONG = -1


@compiled
def be32(data: Any, at: int) -> Any:
    return np.int64(swap64(load64(data, at)) >> np.uint64(32))


@compiled
def be64(data: Any, at: int) -> Any:
    return np.int64(swap64(load64(data, at)))


@compiled
def uvarint(data: Any, at: int) -> Any:
    """A number, which is below 0 from 2^63 on, and where it ends: TOO_LONG where it has more than 64 bits."""
    byte = np.int64(data[at])
    at += 1
    value = byte & 0x7F
    shift = 7
    # A loop that the processor foresees: without branches, each number would wait for the one before it.
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
    """The signed number that a varint's `value` stands for."""
    return ((value >> 1) & np.int64(0x7FFFFFFFFFFFFFFF)) ^ -(value & 1)
