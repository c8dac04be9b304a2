"""Measure what each setting of caches, splitting and parallelism gains: the query library with it and without.

    python -m benchmarks.query_settings [--rounds 5] [--only caches] [--away 20]

`local` runs in a temporary folder. It has one day of sample logs that ended two days ago, stored and compacted. The
ingesters' write-ahead logs are empty: otherwise they would answer from memory after each restart. Each setting is
rolled out in turn. Then a part of the library is measured over an hour and over a day, with and without the results
cache. Between settings, the environment's own setting is measured again. A figure is the ratio to the mean of the two
measurements around it, so a change of the machine's load counts in neither.

Azurite runs on the same machine. So the last settings are measured with a storage that answers 20 ms later. The number
of chunks that an answer over a day reads from the storage is counted, because Azure charges for requests. Memcached,
the cache of production, is measured if it is installed (`apt install memcached`).

On two cores, a query has two cores at any parallelism. More parallelism shows its gain on more machines only.
"""

import argparse
import asyncio
import os
import shutil
import socket
import statistics
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from rich.console import Console
from rich.table import Table

from benchmarks.temporary_environment import (
    fresh_environment,
    open_in,
    push_samples,
    running_in_a_temporary_folder,
    wait_until_compacted,
)
from logops.benchmark.history.nights import DAY_NS
from logops.benchmark.measure.cases import Case, Mode
from logops.benchmark.measure.in_turns import measure_in_turns
from logops.benchmark.measure.sample import Ending, by_case
from logops.benchmark.request import BenchmarkRequest
from logops.environment import Environment
from logops.environment.cluster import MemcachedCache
from logops.environment.units import Duration, Size
from logops.platforms.local import LocalPlatform
from logops.platforms.platform import ingester_urls
from logops.queries.library import load_library
from logops.render import STAGES
from logops.render.topology import HOST, Topology
from logops.samples.settle import settle
from logops.toolchain import ensure, project_root

QUERIES = ("errors", "latency", "request-rate", "trace", "errors-by-code")
RANGES_S = (3600, 86_400)
LINES_A_MINUTE = 60.0
NO_LIMIT = 2**50
Change = Mapping[str, Mapping[str, object]]
NO_CHUNKS: Change = {"caches": {"chunks": None}}
SETTINGS: Mapping[str, Change] = {
    "caches: none of results": {"caches": {"results": None}},
    "caches: none of chunks": NO_CHUNKS,
    "caches: the index, too": {"caches": {"index": True}},
    "split_queries_by_interval: 15m": {"limits": {"split_queries_by_interval": Duration("15m")}},
    "split_queries_by_interval: 6h": {"limits": {"split_queries_by_interval": Duration("6h")}},
    "split_queries_by_interval: 24h": {"limits": {"split_queries_by_interval": Duration("24h")}},
    "parallelise_shardable_queries: false": {"query": {"parallelise_shardable_queries": False}},
    "tsdb_sharding_strategy: bounded": {"limits": {"tsdb_sharding_strategy": "bounded"}},
    "tsdb_max_bytes_per_shard: 2MB": {"limits": {"tsdb_max_bytes_per_shard": Size("2MB")}},
    "max_query_parallelism: 1": {"limits": {"max_query_parallelism": 1, "tsdb_max_query_parallelism": 1}},
    "max_concurrent: 1": {"query": {"max_concurrent": 1}},
    "max_concurrent: 4": {"query": {"max_concurrent": 4}},
}
AWAY: Mapping[str, Change] = {
    "away, caches: none of chunks": NO_CHUNKS,
    "away, split_queries_by_interval: 6h": SETTINGS["split_queries_by_interval: 6h"],
    "away, split_queries_by_interval: 24h": SETTINGS["split_queries_by_interval: 24h"],
    "away, parallelise_shardable_queries: false": SETTINGS["parallelise_shardable_queries: false"],
    "away, max_query_parallelism: 1": SETTINGS["max_query_parallelism: 1"],
    "away, max_concurrent: 4": SETTINGS["max_concurrent: 4"],
}


@dataclass(frozen=True)
class Taken:
    """One measurement of the library."""

    seconds: Mapping[Case, float]
    """For each mode and range: the geometric mean of the queries' medians."""
    chunks: float
    """Chunks that an answer over the longest range reads from the storage, without the chunk cache."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="Only settings whose name contains this.")
    parser.add_argument("--away", type=int, default=20, help="Delay of the storage in milliseconds.")
    options = parser.parse_args()
    console = Console(width=160)
    ensure()
    own = fresh_environment("settings")
    table = Table(box=None, header_style="bold")
    table.add_column("setting", no_wrap=True)
    for mode in Mode:
        for range_s in RANGES_S:
            table.add_column(f"{mode}, {range_s // 3600} h", justify="right", no_wrap=True)
    table.add_column("chunks read", justify="right", no_wrap=True)
    with ExitStack() as ended, running_in_a_temporary_folder(own) as platform:
        roll_out(platform)
        as_of = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=2)
        end_ns = int(as_of.timestamp()) * 10**9
        console.print(f"pushed {push_samples(platform, end_ns - DAY_NS, end_ns, LINES_A_MINUTE):,} lines")
        settle(platform, ingester_urls(platform), lambda _: None)
        for day in (end_ns // DAY_NS - 1, end_ns // DAY_NS):
            wait_until_compacted(platform, day)
        forget(platform)
        near, far = SETTINGS | ended.enter_context(memcached(console)), AWAY
        for settings, away_ms in ((near, 0), (far, options.away)):
            wanted = {name: change for name, change in settings.items() if options.only in name}
            if not wanted:
                continue
            port = ended.enter_context(delayed(own.platform.base_port, away_ms)) if away_ms else 0
            before = taken(roll_out(platform, port), as_of, options.rounds)
            where = f", storage {away_ms} ms away" if away_ms else ""
            milliseconds = (f"{seconds * 1000:.0f}" for seconds in before.seconds.values())
            table.add_row(f"the environment's own{where}, ms", *milliseconds, f"{before.chunks:.1f}")
            for name, change in wanted.items():
                changed = taken(roll_out(open_in(with_(own, change), platform.state), port), as_of, options.rounds)
                after = taken(roll_out(platform, port), as_of, options.rounds)
                ratios = [
                    f"{changed.seconds[case] * 2 / (before.seconds[case] + after.seconds[case]):.2f} times"
                    for case in changed.seconds
                ]
                table.add_row(name, *ratios, f"{changed.chunks:.1f}")
                console.print(f"{name}: {', '.join(ratios)}")
                before = after
    console.print(table)


def with_(environment: Environment, change: Change) -> Environment:
    main = environment.clusters["main"]
    parts = {part: getattr(main, part).model_copy(update=dict(values)) for part, values in change.items()}
    return environment.model_copy(update={"clusters": {**environment.clusters, "main": main.model_copy(update=parts)}})


def roll_out(platform: LocalPlatform, storage_port: int = 0) -> LocalPlatform:
    """Roll out the environment with a setting.

    storage_port   port of the storage for Loki, if it is not Azurite's own
    """
    with patch.object(Topology, "azurite_port", storage_port) if storage_port else nullcontext():
        loki = platform.desired()["loki"]
    desired = platform.desired() | {"loki": loki}
    for stage in STAGES:
        if platform.live(stage) != desired[stage]:
            platform.apply(stage, desired[stage], "settings", lambda _: None)
    return platform


def forget(platform: LocalPlatform) -> None:
    """Empty the ingesters' write-ahead logs. Their lines are stored."""
    platform.down(lambda _: None)
    logs = [*platform.state.glob("data/main-ingester-*/wal")]
    assert logs
    for log in logs:
        shutil.rmtree(log)


def taken(platform: LocalPlatform, as_of: datetime, rounds: int) -> Taken:
    library = {name: query for name, query in load_library(project_root()).items() if name in QUERIES}
    request = BenchmarkRequest("settings", as_of, rounds, tuple(Mode), RANGES_S, NO_LIMIT)
    samples = [
        one for one in measure_in_turns([platform], library, request, lambda _: None)[0] if one.range_s in RANGES_S
    ]
    failed = [one.message for one in samples if one.ending != Ending.ANSWERED]
    assert not failed, failed
    by_query = by_case(one for one in samples if one.judged)
    medians = {case: statistics.median(one.seconds for one in own) for case, own in by_query.items()}
    read = {case: statistics.median(one.chunks - one.cached_chunks for one in own) for case, own in by_query.items()}
    seconds = {
        Case("", range_s, mode): statistics.geometric_mean(
            one for case, one in medians.items() if (case.range_s, case.mode) == (range_s, mode)
        )
        for mode in Mode
        for range_s in RANGES_S
    }
    longest = (max(RANGES_S), Mode.COLD)
    return Taken(seconds, statistics.mean(one for case, one in read.items() if (case.range_s, case.mode) == longest))


@contextmanager
def memcached(console: Console) -> Iterator[Mapping[str, Change]]:
    """Start memcached and return the settings that use it; no settings if it is not installed."""
    program = shutil.which("memcached")
    if program is None:
        console.print("memcached is not installed: not measured")
        yield {}
        return
    with socket.create_server((HOST, 0)) as probe:
        port = probe.getsockname()[1]
    user = () if os.getuid() else ("-u", "root")
    with subprocess.Popen([program, "-l", HOST, "-p", str(port), "-m", "512", "-I", "5m", *user]) as running:
        cache = MemcachedCache(kind="memcached", addresses=(f"{HOST}:{port}",))
        try:
            yield {
                "caches: results in memcached": {"caches": {"results": cache}},
                "caches: chunks in memcached": {"caches": {"chunks": cache}},
                "caches: both in memcached": {"caches": {"results": cache, "chunks": cache}},
            }
            console.print(f"memcached: {found_in(port):,} things were found in it")
        finally:
            running.terminate()


def found_in(port: int) -> int:
    with socket.create_connection((HOST, port), timeout=5) as connection:
        connection.sendall(b"stats\r\nquit\r\n")
        received = b"".join(iter(lambda: connection.recv(4096), b"")).decode()
    return next(int(line.split()[2]) for line in received.splitlines() if line.startswith("STAT get_hits "))


@contextmanager
def delayed(behind: int, milliseconds: int) -> Iterator[int]:
    """Start a server that forwards to port `behind` with a delay. Return its port."""

    async def passes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, later: float) -> None:
        with suppress(ConnectionError):
            while received := await reader.read(1 << 20):
                await asyncio.sleep(later)
                writer.write(received)
                await writer.drain()
        writer.close()

    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(HOST, behind)
        await asyncio.gather(passes(reader, back, milliseconds / 1000), passes(there, writer, 0))

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(met, HOST, 0))
    threading.Thread(target=loop.run_forever, daemon=True).start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)


if __name__ == "__main__":
    main()
