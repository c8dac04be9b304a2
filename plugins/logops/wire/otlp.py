"""OTLP's logs request: ExportLogsServiceRequest (opentelemetry-proto, collector/logs/v1).

Labels are resource attributes, metadata are attributes of the log record, the line is its body.
"""

import zlib
from collections.abc import Sequence

from logops.wire.pairs import PairCache
from logops.wire.protobuf import field, varint
from logops.wire.record import Record

OTLP_HEADERS = (("Content-Type", "application/x-protobuf"), ("Content-Encoding", "gzip"))
"""Every OTLP server must accept gzip (OTLP specification, OTLP/HTTP)."""
_GZIP_LEVEL = 1
"""The fastest. It takes 1.5 us a line of 200 bytes, without Python's lock."""
_GZIP_FORMAT = zlib.MAX_WBITS | 16
_SERVICE = {"service": "service.name", "service_name": "service.name"}
"""Loki makes the label `service_name` of OpenTelemetry's attribute, and structured metadata of most others."""


def encode_otlp(records: Sequence[Record]) -> bytes:
    """Return the body of an OTLP request. Records with the same labels keep their order.

    Raises ValueError if a time is before 1970.
    """
    resources: dict[tuple[tuple[str, str], ...], list[bytes]] = {}
    pairs = PairCache(_record_attribute)
    for record in records:
        logs = resources.get(record.labels)
        if logs is None:
            logs = resources[record.labels] = []
        logs.append(_log_record(record, pairs))
    message = b"".join(
        [field(1, field(1, _resource(labels)) + field(2, b"".join(logs))) for labels, logs in resources.items()]
    )
    return zlib.compress(message, _GZIP_LEVEL, _GZIP_FORMAT)


def _log_record(record: Record, pairs: PairCache) -> bytes:
    """Return a record as field 2 of ScopeLogs: time (1, a fixed64), body (5, an AnyValue), attributes (6)."""
    time_ns = record.time_ns
    if time_ns < 0:
        raise ValueError(f"its time {time_ns} ns is before 1970")
    line = record.line.encode("utf-8", "replace")
    body = b"\x0a" + varint(len(line)) + line
    log = b"\x09" + time_ns.to_bytes(8, "little") + b"\x2a" + varint(len(body)) + body
    for pair in record.metadata:
        log += pairs[pair]
    return b"\x12" + varint(len(log)) + log


def _resource(labels: tuple[tuple[str, str], ...]) -> bytes:
    return b"".join([field(1, _attribute(_SERVICE.get(name, name), value)) for name, value in labels])


def _record_attribute(name: str, value: str) -> bytes:
    return field(6, _attribute(name, value))


def _attribute(name: str, value: str) -> bytes:
    """Return a KeyValue whose value is a text."""
    return field(1, name.encode("utf-8", "replace")) + field(2, field(1, value.encode("utf-8", "replace")))
