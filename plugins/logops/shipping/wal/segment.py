"""A segment of the write-ahead log: a file of fixed size, mapped into memory.

A record is written with two copies into shared memory, without a system call. The operating system owns these pages, so
they survive `kill -9` of the process. They do not survive a power cut before the operating system has written them.
"""

import mmap
import os
import struct
from pathlib import Path
from zlib import crc32

from logops.shipping.wal.frame import FRAME, Damage, read_frames

_MAGIC = b"LOGOPSW2"
_POSITION = struct.Struct("<QI")
"""Offset of the first record that was not sent, and its checksum."""
_HEADER_BYTES = len(_MAGIC) + _POSITION.size


class SegmentFormatError(Exception):
    """A file is not a segment of this version."""


class Segment:
    """Records in one file. Deleted when all were sent."""

    def __init__(self, file: Path, size_bytes: int) -> None:
        """Create a file of this size. Raises OSError if the disk is full, or the file exists."""
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _allocate(descriptor, size_bytes)
            data = mmap.mmap(descriptor, size_bytes)
        except BaseException:
            file.unlink()
            raise
        finally:
            os.close(descriptor)
        data[:_HEADER_BYTES] = _MAGIC + _position(_HEADER_BYTES)
        self._set(file, data, _HEADER_BYTES, 0)

    @classmethod
    def open(cls, file: Path) -> "Segment":
        """Open a segment that another process wrote. Raises OSError, or SegmentFormatError."""
        descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
        try:
            size = os.fstat(descriptor).st_size
            if size < _HEADER_BYTES:
                raise SegmentFormatError(f"it has only {size} bytes")
            data = mmap.mmap(descriptor, size)
        finally:
            os.close(descriptor)
        if data[: len(_MAGIC)] != _MAGIC:
            raise SegmentFormatError(f"it does not start with {_MAGIC.decode()}")
        segment = cls.__new__(cls)
        segment._set(file, data, size, None)
        position = _POSITION.unpack_from(data, len(_MAGIC))[0]
        # With a damaged position, everything is sent again: Loki keeps one of two equal lines.
        is_damaged = data[len(_MAGIC) : _HEADER_BYTES] != _position(position)
        segment.position = _HEADER_BYTES if is_damaged else min(position, size)
        return segment

    def _set(self, file: Path, data: mmap.mmap, end: int, unsent: int | None) -> None:
        self.file = file
        self.size_bytes = len(data)
        self.end = end
        """Offset after the last record; the size of the file if this process did not write it."""
        self.unsent: int | None = unsent
        """Records after `position`; None if this process did not write them."""
        self.position = _HEADER_BYTES
        """Offset of the first record that was not sent."""
        self._data = data

    @property
    def is_ours(self) -> bool:
        """Whether this process wrote the records."""
        return self.unsent is not None

    @staticmethod
    def room_for(payload_bytes: int) -> int:
        """Return the size of a segment that holds one payload."""
        return _HEADER_BYTES + FRAME.size + payload_bytes

    def append(self, payload: bytes) -> bool:
        """Write a record. Return False if it does not fit."""
        start = self.end + FRAME.size
        end = start + len(payload)
        if end > self.size_bytes:
            return False
        # The header last: until then, the record does not exist for a reader.
        self._data[start:end] = payload
        self._data[self.end : start] = FRAME.pack(len(payload), crc32(payload))
        self.end = end
        self.unsent = (self.unsent or 0) + 1
        return True

    def read(self, max_bytes: int) -> tuple[list[bytes], int, Damage | None]:
        """Return unsent payloads, the offset after them, and the damage that ended the reading.

        Nothing after a damage can be read: the offset is then the end of the segment.
        """
        payloads: list[bytes] = []
        position = self.position
        # Log calls append meanwhile.
        end = self.end
        for item in read_frames(self._data, position, end):
            if isinstance(item, Damage):
                return payloads, end, item
            after, payload = item
            if payloads and after - self.position > max_bytes:
                break
            payloads.append(payload)
            position = after
        else:
            # Nothing follows: the rest of the file was never written.
            position = end
        return payloads, position, None

    def count_unsent(self) -> int:
        """Return the number of readable records that were not sent."""
        if self.unsent is not None:
            return self.unsent
        return sum(not isinstance(item, Damage) for item in read_frames(self._data, self.position, self.end))

    def mark_sent(self, position: int, records: int) -> None:
        """Keep that everything before `position` was sent."""
        self.position = position
        self._data[len(_MAGIC) : _HEADER_BYTES] = _position(position)
        if self.unsent is not None:
            self.unsent -= records

    def delete(self) -> None:
        self.close()
        self.file.unlink(missing_ok=True)

    def close(self) -> None:
        self._data.close()


def _position(offset: int) -> bytes:
    return _POSITION.pack(offset, crc32(offset.to_bytes(8, "little")))


def _allocate(descriptor: int, size_bytes: int) -> None:
    """Take room on the disk now. Otherwise a full disk would be a SIGBUS at a log call."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size_bytes)
    else:
        os.write(descriptor, bytes(size_bytes))
