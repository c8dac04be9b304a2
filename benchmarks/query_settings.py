"""What each setting of caches, cutting and parallelism is worth: the query library with it and without.

    python benchmarks/query_settings.py [--rounds 5] [--only caches]

`local`, running in a temporary folder, holds a day of sample logs, stored and indexed. Each setting is rolled out in
turn, then a part of the library is measured over an hour and a day, warm and past the cache of results. Between
settings the environment's own is measured again: a figure is the ratio to the mean of the two beside it, so that what
drifts meanwhile, the machine's load above all, counts in neither.

On two cores a query has two to run on, whatever the parallelism: what more of it is worth shows on more machines.
"""

import argparse
import statistics
from collections.abc import Mapping
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from logops.benchmark.asked import Asked
from logops.benchmark.measure import measured
from logops.benchmark.shots import Arm, Mode
from logops.environment import Environment
from logops.environment.units import Duration, Size
from logops.platforms.local import LocalPlatform
from logops.queries.library import load_library
from logops.quickstart.settle import settle
from logops.render import STAGES
from logops.toolchain import ensure, project_root
from place import fresh_environment, open_in, push_samples, running_in_a_temporary_folder

QUERIES = ("errors", "latency", "request-rate", "trace", "errors-by-code")
RANGES_S = (3600, 86_400)
LINES_A_MINUTE = 60.0
NO_LIMIT = 2**50
SETTINGS: Mapping[str, Mapping[str, Mapping[str, object]]] = {
    "caches: none of results": {"caches": {"results": None}},
    "caches: none of chunks": {"caches": {"chunks": None}},
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="Settings whose name holds this.")
    asked = parser.parse_args()
    console = Console(width=150)
    ensure()
    own = fresh_environment("settings")
    table = Table(box=None, header_style="bold")
    table.add_column("setting", no_wrap=True)
    for mode in Mode:
        for range_s in RANGES_S:
            table.add_column(f"{mode}, {range_s // 3600} h", justify="right", no_wrap=True)
    with running_in_a_temporary_folder(own) as platform:
        roll_out(platform)
        as_of = datetime.now(UTC).replace(microsecond=0)
        end_ns = int(as_of.timestamp()) * 10**9
        console.print(f"pushed {push_samples(platform, end_ns - 86_400 * 10**9, end_ns, LINES_A_MINUTE):,} lines")
        settle(platform, lambda _: None)
        before = times(platform, as_of, asked.rounds)
        table.add_row("the environment's own, ms", *(f"{seconds * 1000:.0f}" for seconds in before.values()))
        for name, change in SETTINGS.items():
            if asked.only not in name:
                continue
            console.print(name)
            changed = times(roll_out(open_in(with_(own, change), platform.state)), as_of, asked.rounds)
            after = times(roll_out(platform), as_of, asked.rounds)
            ratios = (changed[arm] * 2 / (before[arm] + after[arm]) for arm in changed)
            table.add_row(name, *(f"{ratio:.2f} times" for ratio in ratios))
            before = after
    console.print(table)


def with_(environment: Environment, change: Mapping[str, Mapping[str, object]]) -> Environment:
    main = environment.clusters["main"]
    parts = {part: getattr(main, part).model_copy(update=dict(values)) for part, values in change.items()}
    return environment.model_copy(update={"clusters": {**environment.clusters, "main": main.model_copy(update=parts)}})


def roll_out(platform: LocalPlatform) -> LocalPlatform:
    desired = platform.desired()
    for stage in STAGES:
        if platform.live(stage) != desired[stage]:
            platform.apply(stage, desired[stage], "settings", lambda _: None)
    return platform


def times(platform: LocalPlatform, as_of: datetime, rounds: int) -> dict[Arm, float]:
    """Of each mode and range the geometric mean of the queries' medians, seconds."""
    library = {name: query for name, query in load_library(project_root()).items() if name in QUERIES}
    asked = Asked("settings", as_of, rounds, tuple(Mode), RANGES_S, NO_LIMIT)
    taken: dict[Arm, list[float]] = {}
    for sample in measured([platform], library, asked, lambda _: None)[0]:
        if sample.round > 0 and sample.range_s in RANGES_S:
            assert sample.ending == "answered", sample.message
            taken.setdefault(Arm(sample.query, sample.range_s, Mode(sample.mode)), []).append(sample.seconds)
    return {
        Arm("", range_s, mode): statistics.geometric_mean(
            statistics.median(seconds) for arm, seconds in taken.items() if (arm.range_s, arm.mode) == (range_s, mode)
        )
        for mode in Mode
        for range_s in RANGES_S
    }


if __name__ == "__main__":
    main()
