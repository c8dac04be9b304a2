"""Asks a live cluster every shot, so many at a time, within a budget of bytes and of time."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from threading import Lock

from logops.benchmark.asked import Asked
from logops.benchmark.configuration import configuration
from logops.benchmark.fire import fire
from logops.benchmark.level import error
from logops.benchmark.nights import by_arm
from logops.benchmark.sample import Ending, Sample
from logops.benchmark.shots import Arm, Shot, one_round, shots
from logops.logql.text import one_line
from logops.logql.tree import Query
from logops.loki import LokiClient, LokiError
from logops.platforms.platform import Platform
from logops.queries.fill import fill
from logops.queries.model import LibraryQuery

READ_TIMEOUT_S = 300.0
PRECISE = 0.02
"""Standard error, as a share, that is good enough."""
LONGEST_S = 30.0
"""Of one arm, all its answers together: then no more rounds are asked for it. What takes that long varies less."""
STEP_S = 60
"""Of a log query, which has none."""
FAILURES = 2
"""In a row, after which a query is not asked again: each may have cost Loki as much as it may read, and minutes."""
TOLD_EVERY = 10


class NothingToMeasure(Exception):
    """A query that was asked for by its name, or every query, is for a cluster or tenant that is not there."""


@dataclass(frozen=True)
class Ready:
    """A query of the library, and where it is asked."""

    client: LokiClient
    declared: LibraryQuery
    query: Query
    configuration: str


def measured(
    platforms: Sequence[Platform],
    library: Mapping[str, LibraryQuery],
    asked: Asked,
    tell: Callable[[str], None],
) -> list[list[Sample]]:
    """Of each platform a sample a shot. Two take turns, the first to be asked changing from round to round.

    Raises LokiError where a cluster does not say how it is configured.
    """
    with ExitStack() as clients, ThreadPoolExecutor(asked.concurrency) as pool:
        sides = [_Side(one.environment.name, _ready(one, library, clients)) for one in platforms]
        asking = _Asking(asked, tell)
        by_side: list[list[Sample]] = [[] for _ in sides]

        def ask(wanted: Sequence[Shot]) -> None:
            turns = [
                (shot, which)
                for shot in wanted
                for which in (range(len(sides)) if shot.round % 2 == 0 else reversed(range(len(sides))))
            ]
            asking.expect(len(turns))
            samples = pool.map(lambda turn: asking.ask(turn[0], sides[turn[1]]), turns)
            for (_, which), sample in zip(turns, samples, strict=True):
                by_side[which].append(sample)

        every = [*arms(library, asked)]
        ask(shots(every, asked.rounds))
        for at in range(asked.rounds + 1, asked.most_rounds + 1):
            unsure = {arm for samples in by_side for arm in unsure_of(samples)}
            if not unsure or asking.ended:
                break
            ask(one_round([arm for arm in every if arm in unsure], at))
    # What only more rounds would have asked for is not missed.
    return [[one for one in side if one.round <= asked.rounds or one.ending != Ending.NOT_ASKED] for side in by_side]


def unsure_of(samples: Iterable[Sample]) -> Iterator[Arm]:
    """The arms that are not known to `PRECISE` yet, and do not take long."""
    for arm, own in by_arm(one for one in samples if one.judged).items():
        seconds = [one.seconds for one in own]
        if sum(seconds) < LONGEST_S and error(seconds) > PRECISE:
            yield arm


def measurable(
    platforms: Sequence[Platform], library: Mapping[str, LibraryQuery], by_name: bool
) -> dict[str, LibraryQuery]:
    """Those whose cluster and tenant every platform has: all of `library`, where they were asked for by name.

    Raises NothingToMeasure.
    """
    here = {name: query for name, query in library.items() if all(_has(one, query) for one in platforms)}
    missing = [name for name in library if name not in here]
    if missing and (by_name or not here):
        first = library[missing[0]]
        places = " and ".join(one.environment.name for one in platforms)
        raise NothingToMeasure(
            f"Measuring {', '.join(missing)} in {places}: {missing[0]} is for tenant {first.tenant} of cluster "
            f"{first.cluster}, which is not there. The environment's file names its clusters and tenants, "
            f"include/logql/ those of each query."
        )
    return here


def _has(platform: Platform, query: LibraryQuery) -> bool:
    cluster = platform.environment.clusters.get(query.cluster)
    return cluster is not None and query.tenant in cluster.tenants


def arms(library: Mapping[str, LibraryQuery], asked: Asked) -> Iterator[Arm]:
    for name, query in library.items():
        for range_s in dict.fromkeys((query.range.value // 1000, *asked.ranges_s)):
            for mode in asked.modes:
                yield Arm(name, range_s, mode)


def _ready(platform: Platform, library: Mapping[str, LibraryQuery], clients: ExitStack) -> dict[str, Ready]:
    def open_client(cluster: str) -> LokiClient:
        client = LokiClient(platform.read_url(cluster), retry_for=0, read_timeout=READ_TIMEOUT_S)
        return clients.enter_context(client)

    at = {cluster: open_client(cluster) for cluster in sorted({query.cluster for query in library.values()})}
    digests: dict[tuple[str, str], str] = {}
    for cluster in at:
        tenants = sorted({query.tenant for query in library.values() if query.cluster == cluster})
        digests |= {(cluster, tenant): one for tenant, one in _digests(platform, cluster, tenants).items()}
    return {
        name: Ready(at[one.cluster], one, fill(one, one.example), digests[one.cluster, one.tenant])
        for name, one in library.items()
    }


def _digests(platform: Platform, cluster: str, tenants: Sequence[str]) -> dict[str, str]:
    """Of each tenant's configuration, from the first of the cluster's processes that says it: what users reach may be
    no more than queries (the finding `gateway-open`). Raises LokiError."""
    refused = LokiError(f"Reading the configuration of cluster {cluster}: it has no process with an address.")
    for url in platform.urls(cluster).values():
        try:
            with LokiClient(url, retry_for=0) as process:
                config = process.config()
                limits = {tenant: process.tenant_limits(tenant) for tenant in tenants}
        except LokiError as error:
            refused = error
            continue
        declared = platform.environment.clusters[cluster]
        return {tenant: configuration(declared, config, found) for tenant, found in limits.items()}
    raise refused


def promised(query: LibraryQuery, range_s: int) -> int:
    """Bytes that a query may read over a range: as its objective says over its own."""
    return query.objective.bytes.value * max(1000 * range_s, query.range.value) // query.range.value


@dataclass(frozen=True)
class _Side:
    """One of the environments that are measured."""

    environment: str
    queries: Mapping[str, Ready]


class _Asking:
    """Counts what was asked and read, from as many threads as ask."""

    def __init__(self, asked: Asked, tell: Callable[[str], None]) -> None:
        self._asked = asked
        self._count = 0
        self._tell = tell
        self._lock = Lock()
        self._begun = 0
        self._bytes = 0
        self._read: dict[tuple[str, Arm], int] = {}
        self._failures: Counter[tuple[str, Arm]] = Counter()
        self._until = time.monotonic() + asked.minutes * 60

    @property
    def ended(self) -> str:
        """Why nothing more may be asked; empty while it may."""
        if self._bytes >= self._asked.budget_bytes:
            return "the budget of bytes was spent"
        if time.monotonic() >= self._until:
            return f"the {self._asked.minutes} minutes that it may take were over"
        return ""

    def expect(self, count: int) -> None:
        """So many more will be asked."""
        self._count += count

    def ask(self, shot: Shot, side: _Side) -> Sample:
        ready = side.queries[shot.arm.query]
        base = self._base(shot, side.environment, ready)
        which = (side.environment, shot.arm)
        expected = self._read.get(which, promised(ready.declared, shot.arm.range_s))
        why_not = self._begin(which, expected)
        if why_not:
            return replace(base, message=why_not)
        sample = _shoot(ready, shot, base, self._asked)
        self._end(which, expected, sample)
        return sample

    def _begin(self, which: tuple[str, Arm], expected: int) -> str:
        """Why it may not be asked; else it counts as read what it is expected to read."""
        with self._lock:
            if self._begun % TOLD_EVERY == 0:
                self._tell(f"{self._begun} of {self._count} queries, {self._bytes / 1e6:,.0f} MB read")
            self._begun += 1
            if self._failures[which] >= FAILURES:
                return f"it failed {FAILURES} times in a row"
            if self.ended:
                return self.ended
            if self._bytes + expected > self._asked.budget_bytes:
                return f"the budget leaves no room for the {expected:,} bytes that it may read"
            self._bytes += expected
            return ""

    def _end(self, which: tuple[str, Arm], expected: int, sample: Sample) -> None:
        """What failed says nothing of what it read: it stays as expected."""
        with self._lock:
            if sample.ending == Ending.ANSWERED:
                self._read[which] = sample.bytes
                self._bytes += sample.bytes - expected
                self._failures[which] = 0
            elif sample.ending == Ending.FAILED:
                self._failures[which] += 1
            else:
                self._bytes -= expected

    def _base(self, shot: Shot, environment: str, ready: Ready) -> Sample:
        return Sample(
            run=self._asked.run,
            environment=environment,
            configuration=ready.configuration,
            query=shot.arm.query,
            text=one_line(ready.query),
            cluster=ready.declared.cluster,
            tenant=ready.declared.tenant,
            mode=shot.arm.mode,
            range_s=shot.arm.range_s,
            round=shot.round,
            started_ns=time.time_ns(),
            ending=Ending.NOT_ASKED,
            concurrency=self._asked.concurrency,
        )


def _shoot(ready: Ready, shot: Shot, base: Sample, asked: Asked) -> Sample:
    end_ns = int(asked.as_of.timestamp()) * 10**9
    span = (end_ns - shot.arm.range_s * 10**9, end_ns)
    step_s = max(1, ready.declared.step.value // 1000) if ready.declared.step else STEP_S
    found = fire(ready.client, ready.declared.tenant, ready.query, span, step_s, shot.arm.mode)
    sample = replace(
        base, ending=found.ending, seconds=found.seconds, backed_off=found.backed_off, message=found.message
    )
    if found.statistics is None:
        return sample
    told = found.statistics
    return replace(
        sample,
        exec_s=told.exec_seconds,
        queue_s=told.queue_seconds,
        bytes=told.bytes_processed,
        lines=told.lines_processed,
        chunks=told.chunks,
        cached_chunks=told.cached_chunks,
        cached_results=told.cached_results,
        splits=told.splits,
        shards=told.shards,
    )
