"""Decide what a target's answer means for the records of a request. Pure."""

from dataclasses import dataclass
from enum import Enum, auto


class Verdict(Enum):
    """The fate of the records of a request."""

    DELIVERED = auto()
    """The target has acknowledged them."""
    TEMPORARY = auto()
    """The target is busy, or does not answer: send them again, with a growing wait."""
    LINES_REFUSED = auto()
    """At least one record is not acceptable: send the halves, until it is alone."""
    SENDER_REFUSED = auto()
    """Password, tenant or address are wrong. Nothing is wrong with the records: keep them, try again rarely."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A target's answer, or the failure to get one."""

    status: int | None
    """None: no answer."""
    text: str
    """The first words of the answer, or the error; never a credential."""
    retry_after_s: float | None = None
    body: bytes = b""


_LINES = frozenset({400, 413, 422})
"""Too old, too long, too large, a wrong label: Loki answers 400, proxies answer 413."""


def judge(status: int | None) -> Verdict:
    """Return the verdict for a status; None means no answer."""
    if status is None or status in (408, 429) or status >= 500:
        return Verdict.TEMPORARY
    if 200 <= status < 300:
        return Verdict.DELIVERED
    return Verdict.LINES_REFUSED if status in _LINES else Verdict.SENDER_REFUSED


def rejected_by_otlp(body: bytes) -> tuple[int, str]:
    """Return how many records an OTLP target did not accept although it answered 200, and its reason.

    ExportLogsServiceResponse: field 1, partial_success, has rejected_log_records (1, varint) and error_message (2)
    (opentelemetry-proto, collector/logs/v1). An answer that is not of this form rejects nothing.
    """
    try:
        partial = _fields(body).get(1, b"")
        fields = _fields(partial) if isinstance(partial, bytes) else {}
        rejected, reason = fields.get(1, 0), fields.get(2, b"")
    except (IndexError, ValueError):
        return 0, ""
    if not isinstance(rejected, int) or not isinstance(reason, bytes):
        return 0, ""
    return rejected, reason.decode("utf-8", "replace")


def _fields(data: bytes) -> dict[int, int | bytes]:
    """Return the fields of a protobuf message that has only varints and byte strings."""
    fields: dict[int, int | bytes] = {}
    offset = 0
    while offset < len(data):
        key, offset = _varint(data, offset)
        value, offset = _varint(data, offset)
        if key & 7 == 0:
            fields[key >> 3] = value
        elif key & 7 == 2:
            fields[key >> 3] = data[offset : offset + value]
            offset += value
        else:
            raise ValueError(f"wire type {key & 7}")
    return fields


def _varint(data: bytes, offset: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[offset]
        offset += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, offset
        shift += 7
