"""OTLP's logs request: ExportLogsServiceRequest (opentelemetry-proto, collector/logs/v1).

Labels are resource attributes, metadata are attributes of the log record, the line is its body.
"""

from collections.abc import Sequence

from logops.shipping.record import Record
from logops.shipping.wire.protobuf import field

_TIME = b"\x09"
"""Field 1 of LogRecord, a fixed64."""


def encode_otlp(records: Sequence[Record]) -> bytes:
    """Return the body of an OTLP request. Records with the same labels keep their order.

    Raises ValueError if a time is before 1970.
    """
    resources: dict[tuple[tuple[str, str], ...], list[bytes]] = {}
    for record in records:
        resources.setdefault(record.labels, []).append(field(2, _log_record(record)))
    return b"".join(
        field(1, field(1, _attributes(1, labels)) + field(2, b"".join(logs))) for labels, logs in resources.items()
    )


def _log_record(record: Record) -> bytes:
    if record.time_ns < 0:
        raise ValueError(f"its time {record.time_ns} ns is before 1970")
    time = _TIME + record.time_ns.to_bytes(8, "little")
    return time + field(5, _text(record.line)) + _attributes(6, record.metadata)


def _attributes(number: int, pairs: tuple[tuple[str, str], ...]) -> bytes:
    return b"".join(field(number, field(1, name.encode()) + field(2, _text(value))) for name, value in pairs)


def _text(value: str) -> bytes:
    """Return an AnyValue with a text."""
    return field(1, value.encode("utf-8", "replace"))
