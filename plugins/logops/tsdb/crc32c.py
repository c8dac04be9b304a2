"""CRC32C (Castagnoli, RFC 3720 appendix B.4), the checksum of everything that Loki writes."""

from typing import Any

import numpy as np

from logops.tsdb.compiled import compiled
from logops.tsdb.instructions import crc32c_by_sse42, has_sse42, load64

_POLYNOMIAL = 0x82F63B78


def _tables() -> np.ndarray[Any, np.dtype[np.uint32]]:
    """Return the table for each of the 8 byte positions in a word."""
    tables = np.empty((8, 256), np.uint32)
    tables[0] = np.arange(256)
    for _ in range(8):
        tables[0] = (tables[0] >> 1) ^ np.where(tables[0] & 1, _POLYNOMIAL, 0).astype(np.uint32)
    for byte_position in range(1, 8):
        tables[byte_position] = (tables[byte_position - 1] >> 8) ^ tables[0][tables[byte_position - 1] & 0xFF]
    return tables


_TABLES = _tables()


@compiled
def _add_byte(crc: Any, byte: Any) -> Any:
    return np.uint64(_TABLES[0, (crc ^ np.uint64(byte)) & np.uint64(0xFF)]) ^ (crc >> np.uint64(8))


@compiled
def add_word_by_table(crc: Any, word: Any) -> Any:
    """Add 8 bytes to a CRC32C, on any processor."""
    word ^= crc
    crc_after = np.uint64(0)
    for byte_position in range(8):
        crc_after ^= np.uint64(_TABLES[7 - byte_position, (word >> np.uint64(8 * byte_position)) & np.uint64(0xFF)])
    return crc_after


_add_word = crc32c_by_sse42 if has_sse42() else add_word_by_table


@compiled
def crc32c(data: Any, start: int, end: int) -> Any:
    """Return the checksum of `data[start:end]`. The caller has checked the bounds."""
    crc = np.uint64(0xFFFFFFFF)
    position = start
    while position + 8 <= end:
        crc = _add_word(crc, load64(data, position))
        position += 8
    while position < end:
        crc = _add_byte(crc, data[position])
        position += 1
    return np.int64(crc ^ np.uint64(0xFFFFFFFF))
