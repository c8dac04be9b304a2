"""A generated log line."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """The kind of a log."""

    APPLICATION = "application"
    """JSON lines of the services."""
    ACCESS = "access"
    """nginx in front of the services."""
    AUDIT = "audit"
    """Who did what to which object, as JSON lines."""
    SYSTEM = "system"
    """RFC 5424 syslog of the nodes."""


class Line(NamedTuple):
    """One line as an agent sends it. A named tuple, because millions are created."""

    timestamp_ns: int
    """Nanoseconds since the Unix epoch."""
    labels: Mapping[str, str]
    text: str
    structured_metadata: Mapping[str, str]
