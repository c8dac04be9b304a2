"""A generated log line."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """Whose log it is."""

    APPLICATION = "application"
    """JSON lines of the services."""
    ACCESS = "access"
    """nginx in front of them."""
    AUDIT = "audit"
    """Who did what to what, as JSON lines."""
    SYSTEM = "system"
    """RFC 5424 syslog of the nodes."""


class Line(NamedTuple):
    """One line as an agent would send it. A named tuple because millions of them are made."""

    timestamp_ns: int
    """Nanoseconds since the Unix epoch."""
    labels: Mapping[str, str]
    text: str
    structured_metadata: Mapping[str, str]
