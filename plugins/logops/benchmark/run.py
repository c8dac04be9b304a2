"""Runs the library, or a part of it, against a live cluster, and keeps every sample."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from logops.benchmark.fire import fire
from logops.benchmark.judge import Verdict, verdicts
from logops.benchmark.sample import SAMPLES, Ending, Sample, to_table
from logops.benchmark.shots import Arm, Mode, Shot, shots
from logops.findings import Finding, Run, Subject
from logops.findings.classes.benchmark import QUERY_FAILING, QUERY_OVER_OBJECTIVE
from logops.findings.classes.rollout import CHECK_INCOMPLETE
from logops.logql.text import one_line
from logops.loki import LokiClient
from logops.platforms.platform import Platform
from logops.queries.fill import fill
from logops.queries.model import LibraryQuery

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore

CHECK = "queries"
READ_TIMEOUT_S = 300.0


@dataclass(frozen=True)
class Asked:
    """What to measure, and how much of the cluster it may take."""

    run: str
    as_of: datetime
    """Where every range ends: all rounds look at the same lines."""
    rounds: int
    modes: tuple[Mode, ...]
    ranges_s: tuple[int, ...]
    """Besides each query's own."""
    budget_bytes: int
    """That Loki may read for the whole run; what is left then is not asked."""
    whole: bool = True
    """Of the library. The findings of a part are not kept: their silence about the rest would be read as gone."""


@dataclass(frozen=True)
class Outcome:
    samples: tuple[Sample, ...]
    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]

    def lines(self) -> list[str]:
        """For a log: a line a measured thing, then the findings."""
        measured = [
            f"{one.arm.query} {one.arm.range_s} s {one.arm.mode}: {one.answered} answers"
            + ("" if one.p50 is None else f", p50 {one.p50:.3f} s, p95 {one.p95:.3f} s, {one.bytes:,} bytes read")
            for one in self.verdicts
        ]
        return [*measured, *(f"{one.cls.name} {one.subject}: {one.message}" for one in self.findings)]


def run_benchmark(
    platform: Platform,
    library: Mapping[str, LibraryQuery],
    asked: Asked,
    store: "ResultsStore | None",
    tell: Callable[[str], None],
) -> Outcome:
    """One query at a time, so that production is not crowded out. Raises StoreUnreachable."""
    samples = tuple(measured(platform, library, asked, tell))
    found = tuple(verdicts(samples, library))
    findings = tuple(findings_of(platform.environment.name, found, asked.as_of))
    if store is not None and samples:
        store.write(SAMPLES, f"{platform.environment.name}.{asked.run}", to_table(samples), asked.as_of)
        if asked.whole:
            run = Run(platform.environment.name, CHECK, asked.run, asked.as_of)
            store.write_findings(run, findings)
    return Outcome(samples, found, findings)


def measured(
    platform: Platform, library: Mapping[str, LibraryQuery], asked: Asked, tell: Callable[[str], None]
) -> Iterator[Sample]:
    environment = platform.environment
    here = {
        name: query
        for name, query in library.items()
        if query.cluster in environment.clusters and query.tenant in environment.clusters[query.cluster].tenants
    }
    desired = platform.desired()
    configuration = desired["loki"].digest
    wanted = shots([*arms(here, asked)], asked.rounds)
    spent = 0
    with ExitStack() as clients:
        open_clients = {
            cluster: clients.enter_context(
                LokiClient(platform.read_url(cluster), retry_for=0, read_timeout=READ_TIMEOUT_S)
            )
            for cluster in {query.cluster for query in here.values()}
        }
        for at, shot in enumerate(wanted):
            query = here[shot.arm.query]
            if at % 10 == 0:
                tell(f"{at} of {len(wanted)} queries, {spent / 1e6:,.0f} MB read")
            base = Sample(
                run=asked.run,
                environment=environment.name,
                configuration=configuration,
                query=shot.arm.query,
                text=one_line(fill(query, query.example)),
                cluster=query.cluster,
                tenant=query.tenant,
                mode=shot.arm.mode,
                range_s=shot.arm.range_s,
                round=shot.round,
                started_ns=time.time_ns(),
                ending=Ending.NOT_ASKED,
            )
            if spent >= asked.budget_bytes:
                yield base
                continue
            sample = shoot(open_clients[query.cluster], query, shot, base, asked.as_of)
            spent += sample.bytes
            yield sample


def arms(library: Mapping[str, LibraryQuery], asked: Asked) -> Iterator[Arm]:
    for name, query in library.items():
        for range_s in dict.fromkeys((query.range.value // 1000, *asked.ranges_s)):
            for mode in asked.modes:
                yield Arm(name, range_s, mode)


def shoot(client: LokiClient, query: LibraryQuery, shot: Shot, base: Sample, as_of: datetime) -> Sample:
    end_ns = int(as_of.timestamp()) * 10**9
    span = (end_ns - shot.arm.range_s * 10**9, end_ns)
    step_s = max(1, query.step.value // 1000) if query.step else 60
    found = fire(client, query.tenant, fill(query, query.example), span, step_s, shot.arm.mode)
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


def findings_of(environment: str, found: Sequence[Verdict], as_of: datetime) -> Iterator[Finding]:
    """What failed, what is over its objective; and what could not be measured, which is no pass."""
    for query in dict.fromkeys(one.arm.query for one in found):
        own = [one for one in found if one.arm.query == query]
        subject = Subject(environment, own[0].cluster, own[0].tenant, query=query)
        failed = list(dict.fromkeys(message for one in own for message in one.failed))
        over = list(dict.fromkeys(message for one in own for message in one.over))
        notes = list(dict.fromkeys(one.note for one in own if one.note and not one.failed))
        if failed:
            yield Finding(QUERY_FAILING, subject, failed[0], as_of, {"messages": len(failed)})
        if over:
            yield Finding(QUERY_OVER_OBJECTIVE, subject, f"{'; '.join(over)}.", as_of)
        if notes:
            throttled, left = sum(one.throttled for one in own), sum(one.not_asked for one in own)
            why = f" Loki said 429 to {throttled}." if throttled else ""
            why += f" {left} were not asked: the budget of bytes was spent." if left else ""
            yield Finding(CHECK_INCOMPLETE, subject, f"{notes[0]}.{why}", as_of)
