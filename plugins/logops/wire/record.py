"""A log record as it is sent."""

from typing import NamedTuple


class Record(NamedTuple):
    """A line with its time, its labels and its structured metadata. A tuple: a log call makes one."""

    time_ns: int
    line: str
    labels: tuple[tuple[str, str], ...]
    metadata: tuple[tuple[str, str], ...]
