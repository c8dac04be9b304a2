"""Loki's push request: logproto.PushRequest (pkg/push/push.proto) as a snappy block.

The block has literals only: Loki decodes them, and no compression costs the application's processor.
"""

import json
from collections.abc import Sequence

from logops.shipping.record import Record
from logops.shipping.wire.protobuf import field, number_field, varint

_LITERAL_WITH_4_BYTES = b"\xfc"
"""Tag of a literal whose length less one follows in four bytes (google/snappy, format_description.txt)."""


def encode_push(records: Sequence[Record]) -> bytes:
    """Return the body of a push request. Records of one stream keep their order.

    Raises ValueError if a time is before 1970.
    """
    streams: dict[tuple[tuple[str, str], ...], list[bytes]] = {}
    for record in records:
        streams.setdefault(record.labels, []).append(_entry(record))
    message = b"".join(field(1, field(1, _selector(labels)) + b"".join(entries)) for labels, entries in streams.items())
    return varint(len(message)) + _LITERAL_WITH_4_BYTES + (len(message) - 1).to_bytes(4, "little") + message


def _entry(record: Record) -> bytes:
    if record.time_ns < 0:
        raise ValueError(f"its time {record.time_ns} ns is before 1970")
    seconds, nanoseconds = divmod(record.time_ns, 10**9)
    parts = [
        field(1, number_field(1, seconds) + number_field(2, nanoseconds)),
        field(2, record.line.encode("utf-8", "replace")),
    ]
    parts += [
        field(3, field(1, name.encode()) + field(2, value.encode("utf-8", "replace")))
        for name, value in record.metadata
    ]
    return field(2, b"".join(parts))


def _selector(labels: tuple[tuple[str, str], ...]) -> bytes:
    """Return labels as Loki writes them. JSON's escapes are Go's."""
    pairs = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels)
    return f"{{{pairs}}}".encode("utf-8", "replace")
