"""Compare the lines that agents sent, that distributors received, and that a query finds in the store. Pure.

Two runs give an interval. Its lines are those that arrived in it, whatever their timestamps are: a query counts the
same timestamps in both runs, and the store must have grown by the lines that the distributors received.

A run reads the distributors, then the agents and ingesters, then queries, then reads the distributors again. So an
interval of the distributors that lies inside of the queries' interval, and one that surrounds the agents', are known.
No difference comes from the moment of reading.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from logops.environment import Environment
from logops.logql.build import Lines, like, stream
from logops.platforms.platform import component_of
from logops.quality.counters import (
    COPIED_BYTES,
    DISCARDED,
    METADATA_BYTES,
    RECEIVED,
    RECEIVED_BYTES,
    REQUESTS,
    SENT,
    STARTED,
    Counter,
    increases,
    total,
)

Owner = tuple[str, str]
"""Cluster and tenant."""
BUCKET = timedelta(minutes=1)
"""Length of the buckets in which the lines of a tenant are counted."""
LATE = timedelta(minutes=15)
"""How long before the earlier run the count begins. If lines are missing, older ones are counted too: an agent that was
cut off for hours sends old lines."""
OLDEST = timedelta(days=1)
TOLERATED_SHARE = 0.005
TOLERATED_LINES = 10
"""A smaller difference is no finding. Pushes that run at the moment of reading are received, and not stored yet."""
COPIES_MARGIN = 2
"""Copies are counted in bytes. So many times fewer bytes than the mean may a copied line have."""
NEEDED_RUNS = 4
"""Runs that tell how many equal lines a tenant with timestamps in whole seconds usually has."""
MOST_EQUAL = 0.2
"""Largest share of equal lines that is taken as usual, and the tolerated share until it is known."""
_FRACTIONS = ("RFC3339Nano", "UnixMs", "UnixUs", "UnixNs")


@dataclass(frozen=True)
class StoredCount:
    """The lines of a tenant that a query found, by the end of their bucket."""

    lines: Mapping[datetime, int]
    has_deletes: bool = False
    """A delete request hides lines of this time."""


@dataclass(frozen=True)
class EarlierStored:
    """The newest earlier run that counted stored lines, and the counters that it read before and after it counted."""

    as_of: datetime
    counters: Sequence[Counter]
    later_counters: Sequence[Counter]
    """Counters of the distributors."""
    lines: Mapping[Owner, Mapping[datetime, int]] = field(default_factory=dict)
    """The newest count of each bucket of the day before, by any run."""
    missing_shares: Mapping[Owner, Sequence[float]] = field(default_factory=dict)
    """`TenantBalance.missing_share` of the runs of the day before."""


@dataclass(frozen=True)
class TenantBalance:
    """The lines of a tenant that arrived between two runs."""

    cluster: str
    tenant: str
    since: datetime
    until: datetime
    received: int | None
    """None: no distributor was read."""
    refused: int
    copies: int
    """Lines that the ingesters had already, at most."""
    stored: int
    """More lines than the earlier run found."""
    found_before: int
    """Lines that the earlier run found, of the time that this run counted."""
    vanished: int
    """Lines that the earlier run found, and that are not there any more."""
    vanished_from: datetime | None
    """Start of the first bucket with vanished lines."""
    vanished_to: datetime | None
    tolerated: int
    doubt: str = ""
    """Why received lines cannot be compared with stored ones; empty: they can. Vanished lines need no comparison."""

    @property
    def base(self) -> int:
        """Received lines, or lines that the earlier run found: the larger number."""
        return max(self.received or 0, self.found_before)

    @property
    def missing(self) -> int:
        """Lines that were received or stored, and that nobody finds."""
        if self.doubt or self.received is None:
            return self.vanished
        return max(self.received - self.refused - self.copies - self.stored, self.vanished, 0)

    @property
    def is_short(self) -> bool:
        return self.missing > self.tolerated

    @property
    def missing_share(self) -> float | None:
        """Share of the received lines that a query does not find; None: it cannot be known."""
        if not self.received or self.doubt or self.is_short:
            return None
        return max(self.received - self.refused - self.copies - self.stored, 0) / self.received


@dataclass(frozen=True)
class ClusterBalance:
    """The lines that agents sent to a cluster between two runs, and those that its distributors received."""

    cluster: str
    since: datetime
    until: datetime
    sent: int
    received: int
    """Lines of the tenants that agents send to."""
    tolerated: int

    @property
    def missing(self) -> int:
        return max(self.sent - self.received, 0)

    @property
    def is_short(self) -> bool:
        return self.missing > self.tolerated


def all_streams() -> Lines:
    """Return the query for all streams of a tenant.

    Streams that Loki itself writes (patterns, aggregated metrics) are not excluded: Loki answers a query that names
    their labels with nothing. They are off by default, and could only hide a loss.
    """
    return stream({"service_name": like(".+")})


def tenant_balances(
    environment: Environment,
    owners: Iterable[Owner],
    stored: Mapping[Owner, StoredCount],
    counters: Sequence[Counter],
    later_counters: Sequence[Counter],
    earlier: EarlierStored,
    until: datetime,
) -> list[TenantBalance]:
    """Return the balance of each tenant since an earlier run.

    counters         of all processes, read before the lines were counted
    later_counters   of the distributors, read after that
    """
    return [_balance(environment, owner, stored[owner], counters, later_counters, earlier, until) for owner in owners]


def _balance(
    environment: Environment,
    owner: Owner,
    counted: StoredCount,
    counters: Sequence[Counter],
    later_counters: Sequence[Counter],
    earlier: EarlierStored,
    until: datetime,
) -> TenantBalance:
    cluster, tenant = owner
    # The distributors' interval that lies inside of the queries' interval, and the one that surrounds it.
    inner = _of(owner, increases(counters, earlier.later_counters, earlier.as_of))
    outer = _of(owner, increases(_newest(counters, later_counters), earlier.counters, earlier.as_of))
    received = int(_lines(inner, RECEIVED)) if _receiving(counters, cluster) else None
    before = earlier.lines.get(owner, {})
    lost = {end: before[end] - lines for end, lines in counted.lines.items() if before.get(end, 0) > lines}
    usual = 0.0
    if has_whole_seconds(environment, owner):
        shares = earlier.missing_shares.get(owner, ())
        usual = MOST_EQUAL if len(shares) < NEEDED_RUNS else min(max(shares), MOST_EQUAL)
    found_before = sum(before.get(end, 0) for end in counted.lines)
    base = max(received or 0, found_before)
    return TenantBalance(
        cluster,
        tenant,
        earlier.as_of,
        until,
        received,
        _refused(environment, outer),
        _copies(environment, owner, outer),
        sum(lines - before.get(end, 0) for end, lines in counted.lines.items()),
        found_before,
        0 if counted.has_deletes else sum(lost.values()),
        min(lost) - BUCKET if lost else None,
        max(lost, default=None),
        int(max(base * TOLERATED_SHARE, TOLERATED_LINES) + (received or 0) * usual),
        _doubt(environment, owner, counted, counters, later_counters, earlier),
    )


def cluster_balance(
    environment: Environment,
    cluster: str,
    counters: Sequence[Counter],
    later_counters: Sequence[Counter],
    earlier: EarlierStored,
    until: datetime,
) -> ClusterBalance | None:
    """Return the balance of a cluster's agents; None: no agent was read, or a distributor's count is not complete."""
    newest = [counter for counter in _newest(counters, later_counters) if counter.cluster == cluster]
    before = [counter for counter in earlier.counters if counter.cluster == cluster]
    distributors = _receiving([*newest, *before], cluster)
    if not distributors or not _are_complete(distributors, newest, before, earlier.as_of):
        return None
    sent = [
        counter
        for counter in increases(counters, earlier.counters, earlier.as_of)
        if counter.cluster == cluster and counter.name in SENT
    ]
    if not sent:
        return None
    canary = environment.clusters[cluster].canary
    # An agent ships the canary's lines too.
    tenants = {canary.tenant} if canary else set()
    tenants |= {
        tenant
        for agent in environment.agents.values()
        for source in (environment.sources[name] for name in agent.sources)
        if source.cluster == cluster
        for tenant in source.tenants
    }
    received = sum(
        counter.value
        for counter in increases(newest, before, earlier.as_of)
        if counter.name == RECEIVED and counter.label("tenant") in tenants
    )
    lines = int(total(sent, *SENT))
    tolerated = int(max(lines * TOLERATED_SHARE, TOLERATED_LINES))
    return ClusterBalance(cluster, earlier.as_of, until, lines, int(received), tolerated)


def counts_every_stream(environment: Environment, owner: Owner) -> bool:
    """Whether every stream of a tenant has the label service_name, so that one query can count them all."""
    cluster = environment.clusters[owner[0]]
    of_tenant = cluster.tenants[owner[1]].limits.discover_service_name
    return (cluster.limits.discover_service_name if of_tenant is None else of_tenant) != ()


def has_whole_seconds(environment: Environment, owner: Owner) -> bool:
    """Whether a source of a tenant may have timestamps in whole seconds. Loki stores equal lines of a second once."""
    return any(
        source.parse.timestamp is not None
        and source.parse.timestamp.layout not in _FRACTIONS
        and not any(fraction in source.parse.timestamp.layout for fraction in (".0", ".9", ",0", ",9"))
        for source in environment.sources.values()
        if source.cluster == owner[0] and owner[1] in source.tenants
    )


def _doubt(
    environment: Environment,
    owner: Owner,
    counted: StoredCount,
    counters: Sequence[Counter],
    later_counters: Sequence[Counter],
    earlier: EarlierStored,
) -> str:
    cluster = owner[0]
    newest = [counter for counter in _newest(counters, later_counters) if counter.cluster == cluster]
    before = [counter for counter in earlier.counters if counter.cluster == cluster]
    if not _receiving(newest, cluster):
        return "no distributor was read"
    if counted.has_deletes:
        return "a delete request hides lines"
    failed = total(increases(newest, earlier.counters, earlier.as_of), REQUESTS)
    if failed:
        # Their lines are received again with the next attempt.
        return f"{failed:,.0f} pushes failed and were repeated"
    # Its counts of refused lines and of copies are lost.
    if not _are_complete(_storing([*newest, *before], cluster), newest, before, earlier.as_of):
        return "an ingester restarted"
    return ""


def _are_complete(processes: Set[str], current: Sequence[Counter], earlier: Sequence[Counter], since: datetime) -> bool:
    """Whether the growth of all counters of some processes is known: each was read twice, or is new since then."""
    now = {counter.process: counter.started for counter in current if counter.name == STARTED}
    before = {counter.process: counter.started for counter in earlier if counter.name == STARTED}
    return all(
        process in now and (now[process] == before[process] if process in before else now[process] >= since.timestamp())
        for process in processes
    )


def _receiving(counters: Sequence[Counter], cluster: str) -> set[str]:
    return _processes(counters, cluster, "distributor", "all")


def _storing(counters: Sequence[Counter], cluster: str) -> set[str]:
    return _processes(counters, cluster, "ingester", "all")


def _processes(counters: Sequence[Counter], cluster: str, *components: str) -> set[str]:
    """Return the processes of some components that were read."""
    return {
        counter.process
        for counter in counters
        if counter.cluster == cluster and component_of(counter.process, cluster) in components
    }


def _newest(counters: Sequence[Counter], later: Sequence[Counter]) -> list[Counter]:
    """Return the counters of all processes, the later reading of those that were read twice."""
    again = {counter.process for counter in later}
    return [*(counter for counter in counters if counter.process not in again), *later]


def _of(owner: Owner, grown: Sequence[Counter]) -> list[Counter]:
    return [counter for counter in grown if (counter.cluster, counter.label("tenant")) == owner]


def _lines(grown: Sequence[Counter], name: str) -> float:
    """Return the sum of a counter, without the streams that Loki writes itself: patterns and aggregated metrics."""
    return sum(
        counter.value for counter in grown if counter.name == name and counter.label("is_internal_stream") != "true"
    )


def copies_of_lines(environment: Environment, counter: Counter) -> int:
    """Return how many processes count the same line in a counter: each ingester that stores the line."""
    is_ingester = component_of(counter.process, counter.cluster) == "ingester"
    return environment.clusters[counter.cluster].replication_factor if is_ingester else 1


def _refused(environment: Environment, grown: Sequence[Counter]) -> int:
    return round(
        sum(counter.value / copies_of_lines(environment, counter) for counter in grown if counter.name == DISCARDED)
    )


def _copies(environment: Environment, owner: Owner, grown: Sequence[Counter]) -> int:
    copied = sum(
        counter.value / copies_of_lines(environment, counter) for counter in grown if counter.name == COPIED_BYTES
    )
    lines = _lines(grown, RECEIVED)
    text_bytes = _lines(grown, RECEIVED_BYTES) - _lines(grown, METADATA_BYTES)
    if not copied or not lines or not text_bytes:
        return 0
    return round(COPIES_MARGIN * copied / (text_bytes / lines))
