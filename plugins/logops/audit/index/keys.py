"""The join key of a chunk in a table: 64 bits of day, tenant, fingerprint, times and checksum.

Among a hundred million chunks, two share a key with a probability of 1 in 3,700. Such a pair cannot cause a false
finding, because every finding is checked again in the bucket. It could hide one missing chunk.
"""

from typing import Any

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def _mixed(value):  # type: ignore[no-untyped-def]
    """SplitMix64's finaliser (Steele, Lea and Flood, 2014): every input bit changes half of the output bits."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@numba.njit(cache=True, nogil=True)
def _keys(day, tenant, fingerprint, from_ms, through_ms, checksum, keys):  # type: ignore[no-untyped-def]
    start = np.uint64(day) << np.uint64(32)
    for row in range(len(keys)):
        key = _mixed((start | np.uint64(tenant[row])) + np.uint64(0x9E3779B97F4A7C15))
        key = _mixed(key ^ fingerprint[row])
        key = _mixed(key ^ np.uint64(from_ms[row]))
        key = _mixed(key ^ np.uint64(through_ms[row]))
        keys[row] = _mixed(key ^ np.uint64(checksum[row]))


def keys_of(
    day: int,
    tenant: np.ndarray[Any, Any],
    fingerprint: np.ndarray[Any, Any],
    from_ms: np.ndarray[Any, Any],
    through_ms: np.ndarray[Any, Any],
    checksum: np.ndarray[Any, Any],
) -> np.ndarray[Any, Any]:
    """Return the keys of a table's chunks. The columns are unsigned."""
    keys = np.empty(len(fingerprint), np.uint64)
    _keys(day, tenant, fingerprint, from_ms, through_ms, checksum, keys)
    return keys
