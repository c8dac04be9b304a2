"""The detector of slower queries on a real Loki, behind a proxy that delays: false alarms, and what it finds, and when.

    python benchmarks/detector_on_loki.py [--nights 120] [--keep FILE]
    python benchmarks/detector_on_loki.py --read FILE

`local`, running in a temporary folder, holds an hour of sample logs. Ten queries of the library are measured night
after night, as the DAG does it (20 rounds, past the cache of results), as fast as one night follows another: what lies
between nights on a cluster of its own, neighbours, growth, restarts, is not in it. After 40 calm nights, in every two
nights each query has a chance of a fourth to be held back by the proxy, by 5, 10, 20 or 50 % of the time that Loki took.
What was not held back tells of false alarms. The series are kept, so that another detector can be asked about them.
"""

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.progress import track

from logops.benchmark.asked import ROUNDS, Asked
from logops.benchmark.measure import measured
from logops.benchmark.shots import Mode
from logops.logql.text import one_line
from logops.platforms.local import LocalPlatform
from logops.queries.fill import fill
from logops.queries.library import load_library
from logops.queries.model import LibraryQuery
from logops.render import STAGES
from logops.toolchain import ensure, project_root
from place import fresh_environment, push_samples, running_in_a_temporary_folder

sys.path.insert(0, str(project_root() / "tests"))
from doors import Behind, doors_before

CALM = 40
SLOWER = (0.05, 0.10, 0.20, 0.50)
TOGETHER = 2
"""Nights that are held back, one after the other."""
HELD_BACK = 0.25
LINES_A_MINUTE = 120.0
QUERIES = (
    "errors", "slow-requests", "failed-logins", "request-rate", "error-rate", "errors-by-code", "latency", "trace",
    "requests-by-status", "audit-events",
)  # fmt: skip
NO_LIMIT = 2**50
SEED = 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nights", type=int, default=120)
    parser.add_argument("--keep", type=Path, help="a Parquet file for the series")
    parser.add_argument("--read", type=Path, help="measure nothing: read the series that were kept")
    asked = parser.parse_args()
    rows = pq.read_table(asked.read) if asked.read else pa.Table.from_pylist([*collected(asked.nights)])
    if asked.keep:
        pq.write_table(rows, asked.keep)


def collected(nights: int) -> Iterator[dict[str, object]]:
    """A row an answer: {night, query, round, seconds, exec_s, slower}."""
    ensure()
    with running_in_a_temporary_folder(fresh_environment("detector")) as platform:
        for stage in STAGES:
            platform.apply(stage, platform.desired()[stage], "detector", lambda _: None)
        as_of = datetime.now(UTC).replace(microsecond=0)
        end_ns = int(as_of.timestamp()) * 10**9
        push_samples(platform, end_ns - 3600 * 10**9, end_ns, LINES_A_MINUTE)
        yield from measured_nights(platform, nights, as_of)


def measured_nights(platform: LocalPlatform, nights: int, as_of: datetime) -> Iterator[dict[str, object]]:
    library = {name: query for name, query in load_library(project_root()).items() if name in QUERIES}
    chance = Random(SEED)
    slower: dict[str, float] = {}
    with doors_before(platform) as doors:
        behind = Behind(platform, doors)
        for night in track(range(nights), "nights", console=Console(stderr=True)):
            if night >= CALM and (night - CALM) % TOGETHER == 0:
                slower = {name: chance.choice(SLOWER) for name in library if chance.random() < HELD_BACK}
            for door in doors.values():
                door.slower = {text_of(library[name]): share for name, share in slower.items()}
            asked = Asked("night", as_of, ROUNDS, (Mode.COLD,), (), NO_LIMIT)
            for sample in measured([behind], library, asked, lambda _: None)[0]:
                if sample.round > 0:
                    yield {
                        "night": night,
                        "query": sample.query,
                        "round": sample.round,
                        "seconds": sample.seconds,
                        "exec_s": sample.exec_s,
                        "slower": slower.get(sample.query, 0.0),
                    }


def text_of(query: LibraryQuery) -> str:
    return one_line(fill(query, query.example))


if __name__ == "__main__":
    main()
