"""A typed client for Loki's HTTP API (Loki 3.7)."""

import warnings

from logops.clients.loki.answers import Direction, Sample, Series
from logops.clients.loki.auth import BasicAuth, BearerToken
from logops.clients.loki.client import LokiClient
from logops.clients.loki.deletes import DeleteRequest
from logops.clients.loki.entries import Entry, nanoseconds
from logops.clients.loki.errors import (
    LokiAnswerError,
    LokiError,
    LokiRefusedError,
    LokiTimeoutError,
    LokiUnreachableError,
)
from logops.clients.loki.metrics import Metric, total
from logops.clients.loki.process import BuildInfo, Readiness
from logops.clients.loki.ring import Ring, RingMember

__all__ = [
    "BasicAuth",
    "BearerToken",
    "BuildInfo",
    "DeleteRequest",
    "Direction",
    "Entry",
    "LokiAnswerError",
    "LokiClient",
    "LokiError",
    "LokiRefusedError",
    "LokiTimeoutError",
    "LokiUnreachableError",
    "Metric",
    "Readiness",
    "Ring",
    "RingMember",
    "Sample",
    "Series",
    "nanoseconds",
    "total",
]

_OLD_NAMES = {
    "LokiRefused": LokiRefusedError,
    "LokiTimeout": LokiTimeoutError,
    "LokiUnreachable": LokiUnreachableError,
    "LokiUnreadable": LokiAnswerError,
}
"""Names of 0.1, accepted until 0.3."""


def __getattr__(name: str) -> type[LokiError]:
    if name not in _OLD_NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    new = _OLD_NAMES[name]
    warnings.warn(f"{name} is now {new.__name__}; the old name ends with 0.3", DeprecationWarning, stacklevel=2)
    return new
