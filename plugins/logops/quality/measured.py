"""The values that a quality run measures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from logops.clients.loki import Entry
from logops.quality.balance import Owner, StoredCount
from logops.quality.counters import Counter

Labels = Mapping[str, str]


@dataclass
class SourceMeasure:
    """The measurements of one source. None: it was not measured."""

    lines: dict[datetime, int] | None = None
    """Lines by the end of their bucket, oldest first. Every bucket of the window is there."""
    bytes: int | None = None
    bucket_bytes: Mapping[datetime, int] = field(default_factory=dict)
    """Bytes by the end of their bucket. A bucket without lines may be missing."""
    streams: Sequence[Labels] | None = None
    """Label sets of the streams with lines in the window."""
    unparsable: int | None = None
    """Lines in the window that do not have the declared format."""
    unparsable_query: str = ""
    levels: Mapping[str, int] | None = None
    """Lines by level, for sources whose level is no label of the stream."""
    future: dict[datetime, int] | None = None
    """Lines with a timestamp after `as_of`, by the end of their bucket."""
    last_line: datetime | None = None
    """Newest line. None: none in the time that was searched."""
    searched_since: datetime | None = None
    """Start of the time that was searched for `last_line`."""
    arrives_in: list[str] = field(default_factory=list)
    """Other tenants of the cluster that have streams with the labels of the source. Only looked for if it is silent."""
    sample: Sequence[Entry] = ()
    """Lines that were read, oldest first."""
    with_keywords: Sequence[Entry] = ()
    """Lines of the whole window with a keyword of a secret that no line of the sample has, oldest first."""
    has_all_keywords: bool = False
    """Whether `with_keywords` are all such lines, not only the newest."""

    @property
    def total(self) -> int:
        """Lines in the window."""
        return sum((self.lines or {}).values())

    def total_after(self, moment: datetime) -> int:
        """Return the lines of the buckets that end after a moment."""
        return sum(count for end, count in (self.lines or {}).items() if end > moment)

    def lines_since(self, moment: datetime, bucket: timedelta) -> int:
        """Return the lines of the buckets that start at `moment` or later."""
        return sum(count for end, count in (self.lines or {}).items() if end - bucket >= moment)


@dataclass(frozen=True)
class NotMeasured:
    """A measurement that could not be made."""

    cluster: str
    tenant: str
    sources: tuple[str, ...]
    """Empty: all sources of the tenant, or of the cluster."""
    reason: str


@dataclass
class Cost:
    """The load that a run puts on the clusters."""

    limit_bytes: int
    queries: int = 0
    bytes: int = 0
    """Bytes that Loki read, by its own statistics."""
    estimated_bytes: int = 0
    """Bytes that the index estimated for the same queries."""

    def expected_bytes(self, estimate: int, copies: int) -> int:
        """Return what a query will read, from the estimate of the index and from what this run has read so far.

        The index counts a chunk once. Lines that are not stored yet are read from every ingester that has a copy.

        >>> Cost(100).expected_bytes(10, copies=3), Cost(100, bytes=60, estimated_bytes=40).expected_bytes(10, copies=3)
        (30, 15)
        """
        factor = self.bytes / self.estimated_bytes if self.estimated_bytes else copies
        return int(estimate * min(max(factor, 1), copies))

    @property
    def left_bytes(self) -> int:
        return max(self.limit_bytes - self.bytes, 0)


@dataclass
class Measured:
    """Everything that a run measured."""

    sources: dict[str, SourceMeasure]
    cost: Cost
    not_measured: list[NotMeasured] = field(default_factory=list)
    counters: list[Counter] = field(default_factory=list)
    later_counters: list[Counter] = field(default_factory=list)
    """The counters of the distributors, read again after the lines of `stored` were counted."""
    stored: dict[Owner, StoredCount] = field(default_factory=dict)
    silent_processes: dict[str, str] = field(default_factory=dict)
    """Processes that did not answer, with the reason."""
