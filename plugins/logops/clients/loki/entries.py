"""A log line as Loki has it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of one stream."""

    timestamp_ns: int
    """Nanoseconds since the Unix epoch, Loki's own unit."""
    labels: Mapping[str, str]
    """The stream: every entry with the same labels is of the same stream."""
    text: str
    structured_metadata: Mapping[str, str] = field(default_factory=dict)
    parsed: Mapping[str, str] = field(default_factory=dict)
    """What the query extracted from the text (`| json`); never pushed."""


class LogLine(Protocol):
    """Whatever can be pushed: an `Entry`, or anything with its four parts."""

    @property
    def timestamp_ns(self) -> int: ...
    @property
    def labels(self) -> Mapping[str, str]: ...
    @property
    def text(self) -> str: ...
    @property
    def structured_metadata(self) -> Mapping[str, str]: ...


def nanoseconds(moment: datetime) -> int:
    """An aware datetime as nanoseconds since the epoch, without a float in between.

    Raises ValueError for a datetime without a time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone: give an aware datetime, such as datetime.now(UTC).")
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000
