"""Loki's push request: logproto.PushRequest (pkg/push/push.proto) as a snappy block."""

import json
from collections.abc import Sequence
from functools import lru_cache

from logops.wire.pairs import PairCache
from logops.wire.protobuf import field, number_field, varint
from logops.wire.record import Record
from logops.wire.snappy import snappy_block

PUSH_HEADERS = (("Content-Type", "application/x-protobuf"),)
"""Loki expects snappy for this type, and no Content-Encoding."""
_NANOSECONDS_BYTES = 5
"""Length of every number of nanoseconds: a varint of fixed length costs a third of a shortest one."""


def encode_push(records: Sequence[Record]) -> bytes:
    """Return the body of a push request. Records of one stream keep their order.

    Raises ValueError if a time is before 1970.
    """
    streams: dict[tuple[tuple[str, str], ...], list[bytes]] = {}
    pairs = PairCache(_metadata_pair)
    for record in records:
        entries = streams.get(record.labels)
        if entries is None:
            entries = streams[record.labels] = [field(1, _selector(record.labels))]
        entries.append(_entry(record, pairs))
    return snappy_block(b"".join([field(1, b"".join(parts)) for parts in streams.values()]))


def _entry(record: Record, pairs: PairCache) -> bytes:
    """Return a record as field 2 of a stream: timestamp (1), line (2), structured metadata (3)."""
    time_ns = record.time_ns
    if time_ns < 0:
        raise ValueError(f"its time {time_ns} ns is before 1970")
    seconds, nanos = divmod(time_ns, 1_000_000_000)
    nanoseconds = bytes(
        (
            nanos & 0x7F | 0x80,
            nanos >> 7 & 0x7F | 0x80,
            nanos >> 14 & 0x7F | 0x80,
            nanos >> 21 & 0x7F | 0x80,
            nanos >> 28,
        )
    )
    line = record.line.encode("utf-8", "replace")
    entry = _time_before_nanoseconds(seconds) + nanoseconds + b"\x12" + varint(len(line)) + line
    for pair in record.metadata:
        entry += pairs[pair]
    return b"\x12" + varint(len(entry)) + entry


@lru_cache(maxsize=64)
def _time_before_nanoseconds(seconds: int) -> bytes:
    """Return field 1 of an entry up to the nanoseconds: many records have the same second."""
    start = number_field(1, seconds) + b"\x10"
    return b"\x0a" + varint(len(start) + _NANOSECONDS_BYTES) + start


def _metadata_pair(name: str, value: str) -> bytes:
    """Return a pair as field 3 of an entry."""
    return field(3, field(1, name.encode("utf-8", "replace")) + field(2, value.encode("utf-8", "replace")))


def _selector(labels: tuple[tuple[str, str], ...]) -> bytes:
    """Return labels as Loki writes them. JSON's escapes are Go's."""
    pairs = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels)
    return f"{{{pairs}}}".encode("utf-8", "replace")
