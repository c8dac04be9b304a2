"""A typed client for Loki's HTTP API (Loki 3.7)."""

from logops.clients.loki.answers import Direction, Sample, Series
from logops.clients.loki.auth import BasicAuth, BearerToken
from logops.clients.loki.client import LokiClient
from logops.clients.loki.deletes import DeleteRequest
from logops.clients.loki.entries import Entry, nanoseconds
from logops.clients.loki.errors import LokiError, LokiRefused, LokiTimeout, LokiUnreachable, LokiUnreadable
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
