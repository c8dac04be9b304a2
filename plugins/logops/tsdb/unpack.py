"""Unpack a blob by its name, as Loki's index shipper does (IsCompressedFile in indexshipper/storage/util.go).

Format of gzip: RFC 1952. A file may have several members, one after another: Go's reader joins them, and so does this.
"""

import zlib

import deflate

from logops.tsdb.errors import IndexCorruptError, IndexTooLargeError

_GZIP = 31
_STEP = 1 << 20
_TRAILER_LENGTH = 8
"""Checksum and size of the content."""
_MAX_RATIO = 1032
"""The most that deflate can make of one byte (zlib.net/zlib_tech.html)."""


def unpack(blob: bytes, name: str, limit: int) -> bytes | bytearray:
    """Return the unpacked content, at most `limit` bytes.

    Raises IndexCorruptError with the offset in the blob, IndexTooLargeError.
    """
    if name.endswith(".gz"):
        content = _gunzip_at_once(blob, limit)
        return _gunzip_in_steps(blob, name, limit) if content is None else content
    if len(blob) > limit:
        raise IndexTooLargeError(name, limit)
    return blob


def _gunzip_at_once(blob: bytes, limit: int) -> bytearray | None:
    """Return the content of a file with one member, unpacked by libdeflate; None if it has several or is damaged.

    libdeflate needs half of zlib's time, but it ignores what comes after the first member. So the trailer of the
    content must be at the end of the file, and nowhere else.
    """
    trailer = blob[-_TRAILER_LENGTH:]
    checksum, size = int.from_bytes(trailer[:4], "little"), int.from_bytes(trailer[4:], "little")
    if not 0 < size <= min(limit, _MAX_RATIO * len(blob)) or blob.rfind(trailer, 0, -1) != -1:
        return None
    try:
        content: bytearray = deflate.gzip_decompress(blob, size)
    except (deflate.DeflateError, ValueError):
        return None
    return content if len(content) == size and deflate.crc32(content) == checksum else None


def _gunzip_in_steps(blob: bytes, name: str, limit: int) -> bytes:
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
