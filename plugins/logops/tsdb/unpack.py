"""Unpack a blob by its name, as Loki's index shipper does (IsCompressedFile in indexshipper/storage/util.go)."""

import zlib

from logops.tsdb.errors import IndexCorruptError, IndexTooLargeError

_GZIP = 31
_STEP = 1 << 20


def unpack(blob: bytes, name: str, limit: int) -> bytes:
    """Return the unpacked content, at most `limit` bytes.

    Raises IndexCorruptError with the offset in the blob, IndexTooLargeError.
    """
    content = _gunzip(blob, name, limit) if name.endswith(".gz") else blob
    if len(content) > limit:
        raise IndexTooLargeError(name, limit)
    return content


def _gunzip(blob: bytes, name: str, limit: int) -> bytes:
    parts: list[bytes] = []
    unpacked = 0
    member = zlib.decompressobj(_GZIP)
    for position in range(0, len(blob), _STEP):
        packed = blob[position : position + _STEP]
        while packed:
            if member.eof:
                member = zlib.decompressobj(_GZIP)
            try:
                part = member.decompress(packed, limit + 1 - unpacked)
            except zlib.error as error:
                raise _corrupt(name, position, str(error)) from error
            parts.append(part)
            unpacked += len(part)
            if unpacked > limit:
                raise IndexTooLargeError(name, limit)
            packed = member.unused_data
    if not member.eof:
        raise _corrupt(name, len(blob), "it ends before the end of its gzip stream")
    return b"".join(parts)


def _corrupt(name: str, offset: int, what: str) -> IndexCorruptError:
    return IndexCorruptError(name, offset, what, where="blob")
