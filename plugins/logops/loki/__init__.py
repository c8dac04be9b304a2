"""A typed client for Loki's HTTP API (Loki 3.7)."""

from logops.loki.answers import Direction, Sample, Series
from logops.loki.auth import BasicAuth, BearerToken
from logops.loki.client import LokiClient
from logops.loki.deletes import DeleteRequest
from logops.loki.entries import Entry, nanoseconds
from logops.loki.errors import LokiError, LokiRefused, LokiTimeout, LokiUnreachable, LokiUnreadable
from logops.loki.metrics import Metric, total
from logops.loki.process import BuildInfo, Readiness
from logops.loki.ring import Ring, RingMember

__all__ = [
    "BasicAuth",
    "BearerToken",
    "BuildInfo",
    "DeleteRequest",
    "Direction",
    "Entry",
    "LokiClient",
    "LokiError",
    "LokiRefused",
    "LokiTimeout",
    "LokiUnreachable",
    "LokiUnreadable",
    "Metric",
    "Readiness",
    "Ring",
    "RingMember",
    "Sample",
    "Series",
    "nanoseconds",
    "total",
]
