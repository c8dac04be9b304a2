"""Unpack a blob by its name, as Loki's index shipper does (IsCompressedFile in indexshipper/storage/util.go).

Format of gzip: RFC 1952. A file may have several members, one after another: Go's reader joins them, and so does this.
"""

import zlib

import deflate

from logops.tsdb.errors import IndexCorruptError, IndexTooLargeError

_GZIP = 31
_STEP = 1 << 20
_MAGIC = b"\x1f\x8b\x08"
_HEADER_LENGTH, _TRAILER_LENGTH = 10, 8
_FLAGS, _COMPRESSION, _SYSTEMS = 0x1F, {0, 2, 4}, {*range(14), 255}
"""Values that the bytes of a header can have: flags, effort of compression, operating system."""
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

    libdeflate needs half of zlib's time, but it ignores what comes after the first member. So the trailer at the end of
    the file must be that of the content, and no other member may begin in between.
    """
    trailer = blob[-_TRAILER_LENGTH:]
    checksum, size = int.from_bytes(trailer[:4], "little"), int.from_bytes(trailer[4:], "little")
    if size > min(limit, _MAX_RATIO * len(blob)) or _has_another_member(blob):
        return None
    try:
        content: bytearray = deflate.gzip_decompress(blob, size)
    except (deflate.DeflateError, ValueError):
        return None
    return content if len(content) == size and deflate.crc32(content) == checksum else None


def _has_another_member(blob: bytes) -> bool:
    """Return whether a header may begin after the first one. By chance, that is so in one of 10^11 bytes."""
    at = blob.find(_MAGIC, 1)
    while at != -1:
        header = blob[at : at + _HEADER_LENGTH]
        if len(header) < _HEADER_LENGTH:
            return False
        if header[3] <= _FLAGS and header[8] in _COMPRESSION and header[9] in _SYSTEMS:
            return True
        at = blob.find(_MAGIC, at + 1)
    return False


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
