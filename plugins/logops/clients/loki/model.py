"""The values that Loki's API accepts and returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from pydantic import BaseModel

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


class Direction(StrEnum):
    """The end of the range at which a limited log query starts."""

    FORWARD = "forward"
    BACKWARD = "backward"


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a metric query."""

    labels: Mapping[str, str]
    timestamp_ns: int
    value: float


@dataclass(frozen=True, slots=True)
class Series:
    """The values of one label set over time, oldest first."""

    labels: Mapping[str, str]
    points: tuple[tuple[int, float], ...]
    """(nanoseconds since the epoch, value)"""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Loki's statistics of a query (pkg/logqlmodel/stats/stats.proto). Seconds and bytes."""

    exec_seconds: float
    queue_seconds: float
    """Sum over all parts of the query: more than `exec_seconds` if many parts waited in parallel."""
    bytes_processed: int
    """Uncompressed, without structured metadata."""
    lines_processed: int
    chunks: int
    """Downloaded from the store or a cache."""
    cached_chunks: int
    """Found in the chunk cache."""
    cached_results: int
    """Entries found in the results cache."""
    splits: int
    shards: int


@dataclass(frozen=True, slots=True)
class IndexStats:
    """The size of a selector's streams, as the index knows it: whole chunks, also if only a part is in the range."""

    streams: int
    chunks: int
    entries: int
    bytes: int
    """Uncompressed."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """The answer of /ready."""

    ready: bool
    text: str
    """`ready`, or the reason: `Ingester not ready: waiting for 15s after being ready`."""


@dataclass(frozen=True, slots=True)
class BuildInfo:
    """The build of a process. Without version flags, everything but the version is empty."""

    version: str
    revision: str
    go_version: str


class Ring(StrEnum):
    """The rings of Loki 3.7 that are served as JSON, with their paths.

    A process serves a ring's page only if its -target is in that ring or reads it. The distributor, the ruler and
    the index gateway answer with HTML or 404 while their ring is not in use (a local rate limit strategy,
    ruler.enable_sharding off, index_gateway.mode simple).
    """

    INGESTER = "/ring"
    DISTRIBUTOR = "/distributor/ring"
    COMPACTOR = "/compactor/ring"
    INDEX_GATEWAY = "/indexgateway/ring"
    SCHEDULER = "/scheduler/ring"
    RULER = "/ruler/ring"


@dataclass(frozen=True, slots=True)
class RingMember:
    """An instance in a ring."""

    id: str
    state: str
    """ACTIVE, LEAVING, PENDING, JOINING or LEFT; UNHEALTHY if its heartbeat is older than the ring's timeout."""
    address: str
    heartbeat_age: timedelta
    """By the clock of the asked process. Heartbeats are whole seconds."""
    zone: str


class DeleteRequest(BaseModel, frozen=True):
    """A request to delete lines. Times are Unix seconds."""

    request_id: str
    start_time: float
    end_time: float
    query: str
    status: str
    """received, build-chunk-refs-for-deletion (in progress), processed; or a percentage: `42% Complete`."""
    created_at: float

    @property
    def processed(self) -> bool:
        return self.status == "processed"


@dataclass(frozen=True, slots=True)
class EvaluatedRule:
    """A rule and the result of its last evaluation."""

    name: str
    """Name of the alert or of the recorded series."""
    health: str
    """ok, err, or unknown before the first evaluation."""
    error: str
    evaluated_at: datetime
    """In the year 1 if it was never evaluated: Go's zero time."""


@dataclass(frozen=True, slots=True)
class EvaluatedGroup:
    """A group that the ruler has loaded."""

    namespace: str
    name: str
    rules: tuple[EvaluatedRule, ...]
