"""A log record as it is shipped."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Record:
    """A line with its time, its labels and its structured metadata."""

    time_ns: int
    line: str
    labels: tuple[tuple[str, str], ...]
    metadata: tuple[tuple[str, str], ...]
