"""The bytes of records in a segment. Pure.

A frame is length (4 bytes), CRC-32 of the payload (4 bytes), payload. The payload is the time (8 bytes), the length of
the line (4 bytes), the line in UTF-8, and labels and metadata as JSON. All numbers are little-endian. A length of 0 is
the end of the records.
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zlib import crc32

from logops.wire import Record

FRAME = struct.Struct("<II")
_START = struct.Struct("<qI")
Pairs = tuple[tuple[str, str], ...]
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Damage:
    """A record that cannot be read."""

    offset: int
    reason: str


def encode_record(record: Record) -> bytes:
    """Return the payload of a record. Surrogates, which UTF-8 does not have, are replaced by `?`."""
    line = record.line.encode("utf-8", "replace")
    return _START.pack(record.time_ns, len(line)) + line + _pairs_as_json(record.labels, record.metadata)


def decode_record(payload: bytes) -> Record:
    """Return the record of a payload. Raises ValueError or struct.error if it is not one."""
    time_ns, line_bytes = _START.unpack_from(payload)
    end = _START.size + line_bytes
    labels, metadata = _pairs_of_json(payload[end:])
    return Record(time_ns, payload[_START.size : end].decode(), labels, metadata)


def read_frames(data: Any, start: int, end: int) -> Iterator[tuple[int, bytes] | Damage]:
    """Yield the payloads from `start` on, each with the offset after it. The last item may be a `Damage`."""
    offset = start
    while offset + FRAME.size <= end:
        length, checksum = FRAME.unpack_from(data, offset)
        if length == 0:
            break
        after = offset + FRAME.size + length
        if after > end:
            yield Damage(offset, f"a record of {length:,} bytes would end after the file")
            return
        payload = bytes(data[offset + FRAME.size : after])
        if crc32(payload) != checksum:
            yield Damage(offset, "a checksum does not match")
            return
        yield after, payload
        offset = after
    if bytes(data[offset:end]).strip(b"\0"):
        yield Damage(offset, "a record was being written when the process ended")


@lru_cache(maxsize=1024)
def _pairs_as_json(labels: Pairs, metadata: Pairs) -> bytes:
    """Cached: many records have the same labels and metadata, and JSON costs more than the rest of a log call."""
    return _JSON.encode((labels, metadata)).encode("utf-8", "replace")


@lru_cache(maxsize=1024)
def _pairs_of_json(text: bytes) -> tuple[Pairs, Pairs]:
    labels, metadata = (tuple((name, value) for name, value in pairs) for pairs in json.loads(text))
    return labels, metadata
