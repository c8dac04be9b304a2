"""Measure the detector of slower queries on a real Loki: false alarms, detected slowdowns, and the night of detection.

    python -m benchmarks.detector_on_loki [--nights 72] [--calm 24] [--slower 0.05 0.1 0.2 0.5] [--faster NIGHT]
        [--seed 1] [--keep FILE] [--orders 300]
    python -m benchmarks.detector_on_loki --read FILE, with the options of the measurement

`local` runs in a temporary folder. It has one hour of sample logs of the day before yesterday, stored and compacted.
Ten queries of the library are measured once per "night", as the DAG does (20 to 100 rounds, without the results cache).
The nights follow each other at once. So the changes between real nights, such as growth and restarts, are missing. The
noise of a shared machine is included.

The first nights are calm. Then a proxy delays queries: every two nights, each query is delayed with a probability of
1/4, by one of the given shares of Loki's own time. The other queries give the false alarms. Delayed nights are left out
of a query's later history. `--keep` stores every sample, so that another detector can judge the same samples.

A few dozen nights are about a dozen months of queries, which is too few for the rate of false alarms. So the calm
nights are also judged in other random orders. This is valid if the noise of a query is independent between nights: the
correlation is printed.

With `--faster`, four of the ten queries become twice as fast on that night: the proxy delays them until then. Slowdowns
of these queries before there are enough new nights are counted apart, because no detector can find them.
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain, pairwise
from math import log
from pathlib import Path
from random import Random
from statistics import correlation, mean

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.temporary_environment import (
    fresh_environment,
    push_samples,
    running_in_a_temporary_folder,
    wait_until_compacted,
)
from logops.benchmark.history.nights import DAY_NS, Night, comparable_history, night_of
from logops.benchmark.history.trend import trends
from logops.benchmark.measure.cases import Case, Mode
from logops.benchmark.measure.in_turns import measure_in_turns
from logops.benchmark.measure.sample import Sample, to_table
from logops.benchmark.request import MOST_ROUNDS, ROUNDS, BenchmarkRequest
from logops.clients.loki import LokiClient
from logops.clients.loki.metrics import total
from logops.logql.text import one_line
from logops.platforms.local import LocalPlatform
from logops.platforms.platform import component_of, ingester_urls
from logops.queries.fill import fill
from logops.queries.library import load_library
from logops.render import STAGES
from logops.samples.settle import settle
from logops.toolchain import ensure, project_root

sys.path.insert(0, str(project_root() / "tests"))
from tests.support.loki_proxy import PlatformBehindProxies, proxies_before
from tests.support.waiting import wait_for

SLOWER = (0.05, 0.10, 0.20, 0.50)
TOGETHER = 2
"""Consecutive nights with the same delay."""
HELD_BACK = 0.25
LINES_A_MINUTE = 120.0
QUERIES = (
    "errors", "slow-requests", "failed-logins", "request-rate", "error-rate", "errors-by-code", "latency", "trace",
    "requests-by-status", "log-volume",
)  # fmt: skip
LIBRARY = {name: query for name, query in load_library(project_root()).items() if name in QUERIES}
FASTER = QUERIES[:4]
NO_LIMIT = 2**50
STREAMS = "loki_ingester_memory_streams"
MONTH = 30


@dataclass(frozen=True)
class Slower:
    """The delays of each query and night."""

    calm: int
    shares: tuple[float, ...]
    seed: int

    def pair(self, night: int) -> int:
        """Return the number of the pair of nights; negative for calm nights."""
        return (night - self.calm) // TOGETHER

    def on(self, night: int) -> dict[str, float]:
        """Return the delay of a query, as a share of its time."""
        if self.pair(night) < 0:
            return {}
        # With a sum instead, the next seed would give the same delays one pair earlier.
        chance = Random(f"{self.seed}/{self.pair(night)}")
        return {name: chance.choice(self.shares) for name in sorted(LIBRARY) if chance.random() < HELD_BACK}

    def delays(self, night: int, faster: int) -> dict[str, float]:
        """Return the delays for the proxy, including the queries that become faster on a later night."""
        shares = self.on(night)
        return shares | ({name: 2 * (1 + shares.get(name, 0.0)) - 1 for name in FASTER} if night < faster else {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nights", type=int, default=72)
    parser.add_argument("--keep", type=Path, help="Store every sample in this Parquet file.")
    parser.add_argument("--read", type=Path, help="Measure nothing: judge the samples in this file.")
    parser.add_argument("--calm", type=int, default=24)
    parser.add_argument("--slower", type=float, nargs="+", default=SLOWER)
    parser.add_argument("--faster", type=int, default=0, help="Night on which four queries become twice as fast.")
    parser.add_argument("--seed", type=int, default=1, help="Seed of the random delays.")
    parser.add_argument("--orders", type=int, default=300, help="Number of random orders of the calm nights.")
    options = parser.parse_args()
    slower = Slower(options.calm, tuple(options.slower), options.seed)
    if options.read:
        samples = [Sample(**row) for row in pq.read_table(options.read).to_pylist()]
    else:
        samples = measured_nights(options.nights, slower, options.faster)
        if options.keep:
            pq.write_table(to_table(samples), options.keep)
    console = Console(width=120)
    by_night = nights_of(samples)
    tell(console, by_night, slower)
    if options.orders and not options.faster:
        tell_other_orders(
            console, [not_held_back(night, slower.on(at)) for at, night in by_night.items()], options.orders
        )


def measured_nights(nights: int, slower: Slower, faster: int) -> list[Sample]:
    ensure()
    with running_in_a_temporary_folder(fresh_environment("detector")) as platform:
        for stage in STAGES:
            platform.apply(stage, platform.desired()[stage], "detector", lambda _: None)
        as_of = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=2)
        end_ns = int(as_of.timestamp()) * 10**9
        push_samples(platform, end_ns - 3600 * 10**9, end_ns, LINES_A_MINUTE)
        settle(platform, ingester_urls(platform), lambda _: None)
        wait_until_in_no_memory(platform, LIBRARY["errors"].tenant)
        wait_until_compacted(platform, end_ns // DAY_NS)
        samples: list[Sample] = []
        with proxies_before(platform) as proxies:
            for number in track(range(nights), "nights", console=Console(stderr=True)):
                for proxy in proxies.values():
                    proxy.delay_share = {
                        one_line(fill(LIBRARY[name], LIBRARY[name].example)): share
                        for name, share in slower.delays(number, faster).items()
                    }
                request = BenchmarkRequest(
                    f"{number}", as_of, ROUNDS, (Mode.COLD,), (), NO_LIMIT, most_rounds=MOST_ROUNDS
                )
                proxied = PlatformBehindProxies(platform, proxies)
                samples += measure_in_turns([proxied], LIBRARY, request, lambda _: None)[0]
    return samples


def wait_until_in_no_memory(platform: LocalPlatform, tenant: str) -> None:
    """Wait until the ingesters no longer answer from memory the lines that they read again from the write-ahead log.

    They do so for `chunk_idle_period` and `chunk_retain_period`. After 35 minutes, heavy queries would suddenly need
    half the time, and light queries the same time.
    """
    with ExitStack() as clients:
        ingesters = [
            clients.enter_context(LokiClient(url))
            for name, url in platform.urls("main").items()
            if component_of(name, "main") == "ingester"
        ]
        for one in ingesters:
            one.flush()
        wait_for(lambda: all(total(one.metrics(), STREAMS, tenant=tenant) == 0 for one in ingesters), 900)


def nights_of(samples: Sequence[Sample]) -> dict[int, Mapping[Case, Night]]:
    """Return the nights by number, in their order."""
    runs: dict[int, dict[Case, list[Sample]]] = defaultdict(lambda: defaultdict(list))
    for one in samples:
        runs[int(one.run)][Case(one.query, one.range_s, Mode(one.mode))].append(one)
    return {
        number: {
            case: replace(night, started_ns=number * DAY_NS)
            for case, own in runs[number].items()
            if (night := night_of(own))
        }
        for number in sorted(runs)
    }


def not_held_back(night: Mapping[Case, Night], held: Mapping[str, float]) -> Mapping[Case, Night]:
    return {case: own for case, own in night.items() if case.query not in held}


def tell(console: Console, by_night: Mapping[int, Mapping[Case, Night]], slower: Slower) -> None:
    calm: dict[Case, list[Night]] = defaultdict(list)
    began: dict[Case, list[Night]] = defaultdict(list)
    judged, alarmed = Counter[str](), Counter[str]()
    noise: dict[str, float] = {}
    detected: dict[float, set[tuple[int, str]]] = defaultdict(set)
    held: dict[float, set[tuple[int, str]]] = defaultdict(set)
    untold: dict[float, set[tuple[int, str]]] = defaultdict(set)
    for number, tonight in by_night.items():
        if slower.pair(number) != slower.pair(number - 1):
            began.clear()
        verdicts = trends(
            {case: comparable_history([*calm[case], *began[case]], night) for case, night in tonight.items()}
        )
        share = slower.on(number)
        for case, trend in verdicts.items():
            pair = (slower.pair(number), case.query)
            if case.query in share:
                (untold if trend.seconds.too_few else held)[share[case.query]].add(pair)
                began[case].append(tonight[case])
                if trend.regressed:
                    detected[share[case.query]].add(pair)
                continue
            calm[case].append(tonight[case])
            if trend.seconds.noise is not None:
                judged[case.query] += 1
                alarmed[case.query] += trend.regressed
                noise[case.query] = trend.seconds.noise
    show(console, calm, judged, alarmed, noise)
    months = sum(judged.values()) / MONTH
    console.print(f"false alarms: on {alarmed.total()} of {judged.total()} nights, in {months:.0f} query-months")
    for at in slower.shares:
        apart = f"; {few} with too few nights since it became faster" if (few := len(untold[at] - held[at])) else ""
        console.print(f"{at:.0%} slower: found by night {TOGETHER} in {len(detected[at])} of {len(held[at])}{apart}")


def tell_other_orders(console: Console, nights: Sequence[Mapping[Case, Night]], orders: int) -> None:
    with ProcessPoolExecutor() as pool:
        verdicts = track(
            pool.map(partial(in_order, nights), range(orders)), "orders", orders, console=Console(stderr=True)
        )
        alarmed, judged = (sum(each) for each in zip(*verdicts, strict=True))
    months = judged / MONTH
    console.print(
        f"in {orders} other orders: alarms in {alarmed} of {months:,.0f} query-months, {alarmed / months:.2%}; from "
        f"one night to the next a query's own noise goes on by {goes_on(nights):.2f}"
    )


def in_order(nights: Sequence[Mapping[Case, Night]], seed: int) -> tuple[int, int]:
    """Judge the nights of a query in a random order. Return the months with an alarm, and the judged nights."""
    calm: dict[Case, list[Night]] = defaultdict(list)
    judged, alarmed = Counter[Case](), set[tuple[Case, int]]()
    for at, drawn in enumerate(Random(seed).sample(nights, len(nights))):
        tonight = {case: replace(night, run=str(at), started_ns=at * DAY_NS) for case, night in drawn.items()}
        for case, trend in trends(
            {case: comparable_history(calm[case], night) for case, night in tonight.items()}
        ).items():
            calm[case].append(tonight[case])
            if trend.regressed:
                alarmed.add((case, judged[case] // MONTH))
            judged[case] += trend.seconds.noise is not None
    return len(alarmed), judged.total()


def goes_on(nights: Sequence[Mapping[Case, Night]]) -> float:
    """Return the correlation of a query's noise, relative to the other queries, between consecutive nights."""
    usual = {case: mean(log(one[case].typical_s) for one in nights if case in one) for case in {*chain(*nights)}}
    off = [{case: log(own.typical_s) - usual[case] for case, own in one.items()} for one in nights]
    alone = [{case: own - mean(one.values()) for case, own in one.items()} for one in off]
    pairs = [(one[case], after[case]) for one, after in pairwise(alone) for case in one.keys() & after.keys()]
    return correlation(*zip(*pairs, strict=True))


def show(
    console: Console,
    calm: Mapping[Case, Sequence[Night]],
    judged: Counter[str],
    alarmed: Counter[str],
    noise: Mapping[str, float],
) -> None:
    table = Table(box=None, header_style="bold")
    for column in ("query", "milliseconds", "answers", "noise by itself", "beside the others", "nights", "alarmed"):
        table.add_column(column, justify="left" if column == "query" else "right", no_wrap=True)
    for case, nights in calm.items():
        alone = pa.array([one.typical_s for one in nights]).to_numpy()
        table.add_row(
            case.query,
            f"{alone.mean() * 1000:.1f}",
            f"{sum(one.answers for one in nights) / len(nights):.0f}",
            f"{alone.std() / alone.mean():.1%}",
            f"{noise.get(case.query, 0):.1%}",
            str(judged[case.query]),
            str(alarmed[case.query]),
        )
    console.print(table)


if __name__ == "__main__":
    main()
