"""Asks a live cluster every shot, so many at a time, within a budget of bytes."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from threading import Lock

import yaml

from logops.benchmark.asked import Asked
from logops.benchmark.fire import fire
from logops.benchmark.sample import Ending, Sample
from logops.benchmark.shots import Arm, Shot, shots
from logops.logql.text import one_line
from logops.logql.tree import Query
from logops.loki import LokiClient
from logops.platforms.platform import Platform
from logops.queries.fill import fill
from logops.queries.model import LibraryQuery
from logops.render.files import digest_of

READ_TIMEOUT_S = 300.0
STEP_S = 60
"""Of a log query, which has none."""
TOLD_EVERY = 10


@dataclass(frozen=True)
class Ready:
    """A query of the library, and where it is asked."""

    client: LokiClient
    declared: LibraryQuery
    query: Query
    text: str
    configuration: str


def measured(
    platform: Platform, library: Mapping[str, LibraryQuery], asked: Asked, tell: Callable[[str], None]
) -> list[Sample]:
    """A sample a shot, in the order of the shots. What the environment has no tenant for is left out."""
    clusters = platform.environment.clusters
    here = {
        name: query
        for name, query in library.items()
        if query.cluster in clusters and query.tenant in clusters[query.cluster].tenants
    }
    with ExitStack() as clients, ThreadPoolExecutor(asked.concurrency) as pool:
        open_clients = {
            cluster: clients.enter_context(
                LokiClient(platform.read_url(cluster), retry_for=0, read_timeout=READ_TIMEOUT_S)
            )
            for cluster in sorted({query.cluster for query in here.values()})
        }
        ready = {name: _ready(platform, open_clients[query.cluster], query) for name, query in here.items()}
        asking = _Asking(platform.environment.name, asked, ready, tell)
        return list(pool.map(asking.ask, asking.shots))


def arms(library: Mapping[str, LibraryQuery], asked: Asked) -> Iterator[Arm]:
    for name, query in library.items():
        for range_s in dict.fromkeys((query.range.value // 1000, *asked.ranges_s)):
            for mode in asked.modes:
                yield Arm(name, range_s, mode)


def configuration(platform: Platform, cluster: str, tenant: str) -> str:
    """Digest of what is live and decides how fast a tenant's queries are: the cluster's configuration, and the tenant's
    limits, but for how long logs are kept."""
    overrides = yaml.safe_load(platform.live("tenants").get(f"tenants/{cluster}.yaml", "{}"))["overrides"]
    limits = {key: value for key, value in overrides.get(tenant, {}).items() if not key.startswith("retention")}
    return digest_of(platform.live("loki")[f"loki/{cluster}.yaml"], yaml.safe_dump(limits))


def _ready(platform: Platform, client: LokiClient, declared: LibraryQuery) -> Ready:
    query = fill(declared, declared.example)
    where = configuration(platform, declared.cluster, declared.tenant)
    return Ready(client, declared, query, one_line(query), where)


class _Asking:
    """Counts what was asked and read, from as many threads as ask."""

    def __init__(self, environment: str, asked: Asked, ready: Mapping[str, Ready], tell: Callable[[str], None]) -> None:
        self._environment = environment
        self._asked = asked
        self._ready = ready
        self._tell = tell
        self._lock = Lock()
        self._begun = 0
        self._bytes = 0
        library = {name: one.declared for name, one in ready.items()}
        self.shots: Sequence[Shot] = shots([*arms(library, asked)], asked.rounds)

    def ask(self, shot: Shot) -> Sample:
        base = self._base(shot)
        if not self._may_begin():
            return base
        sample = _shoot(self._ready[shot.arm.query], shot, base, self._asked)
        with self._lock:
            self._bytes += sample.bytes
        return sample

    def _may_begin(self) -> bool:
        with self._lock:
            if self._begun % TOLD_EVERY == 0:
                self._tell(f"{self._begun} of {len(self.shots)} queries, {self._bytes / 1e6:,.0f} MB read")
            self._begun += 1
            return self._bytes < self._asked.budget_bytes

    def _base(self, shot: Shot) -> Sample:
        ready = self._ready[shot.arm.query]
        return Sample(
            run=self._asked.run,
            environment=self._environment,
            configuration=ready.configuration,
            query=shot.arm.query,
            text=ready.text,
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
        cached_results=told.cached_results,
        splits=told.splits,
        shards=told.shards,
    )
