"""A log line in Loki."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a stream."""

    timestamp_ns: int
    """Nanoseconds since the Unix epoch, Loki's own unit."""
    labels: Mapping[str, str]
    """The labels identify the stream."""
    text: str
    structured_metadata: Mapping[str, str] = field(default_factory=dict)
    parsed: Mapping[str, str] = field(default_factory=dict)
    """Labels that the query parsed from the text (`| json`); never pushed."""


class LogLine(Protocol):
    """Anything that can be pushed: an `Entry`, or an object with its four parts."""

    @property
    def timestamp_ns(self) -> int: ...
    @property
    def labels(self) -> Mapping[str, str]: ...
    @property
    def text(self) -> str: ...
    @property
    def structured_metadata(self) -> Mapping[str, str]: ...


def nanoseconds(moment: datetime) -> int:
    """Return a datetime with a time zone as nanoseconds since the epoch, without rounding through a float.

    Raises ValueError for a datetime without a time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone: give an aware datetime, such as datetime.now(UTC).")
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000
