"""A typed client for Loki's HTTP API (Loki 3.7)."""

import warnings

from logops.clients.http.auth import BasicAuth, BearerToken
from logops.clients.loki.client import LokiClient
from logops.clients.loki.errors import (
    LokiAnswerError,
    LokiError,
    LokiRefusedError,
    LokiTimeoutError,
    LokiUnreachableError,
)
from logops.clients.loki.metrics import Metric, total
from logops.clients.loki.model import (
    BuildInfo,
    DeleteRequest,
    Direction,
    Entry,
    EvaluatedGroup,
    EvaluatedRule,
    IndexStats,
    LogLine,
    Point,
    Readiness,
    Ring,
    RingMember,
    Series,
    Statistics,
    nanoseconds,
)

__all__ = [
    "BasicAuth",
    "BearerToken",
    "BuildInfo",
    "DeleteRequest",
    "Direction",
    "Entry",
    "EvaluatedGroup",
    "EvaluatedRule",
    "IndexStats",
    "LogLine",
    "LokiAnswerError",
    "LokiClient",
    "LokiError",
    "LokiRefusedError",
    "LokiTimeoutError",
    "LokiUnreachableError",
    "Metric",
    "Point",
    "Readiness",
    "Ring",
    "RingMember",
    "Series",
    "Statistics",
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
