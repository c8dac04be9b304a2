"""The detector of slower queries on a real Loki, behind a proxy that delays: false alarms, and what it finds, and when.

    python benchmarks/detector_on_loki.py [--calm 40] [--month 30] [--steps 3]

`local`, running in a temporary folder, holds an hour of sample logs. Ten queries of the library are measured night
after night, as the DAG does it (20 rounds, past the cache of results), as fast as one night follows another: what lies
between nights on a cluster of its own, neighbours, growth, restarts, is not in it. First nights without a step, then a
month for the false alarms. Then the proxy adds 5, 10, 20 and 50 % to the time of every answer, two nights each and
several times, each held against the same nights before.

Nights that are seconds apart are not independent on a machine that others share, and the detector takes them to be.
"""

import argparse
import statistics
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import track
from rich.table import Table

from logops.benchmark.asked import ROUNDS, Asked
from logops.benchmark.change import look
from logops.benchmark.measure import measured
from logops.benchmark.shots import Mode
from logops.queries.library import load_library
from logops.render import STAGES
from logops.toolchain import ensure, project_root
from place import fresh_environment, push_samples, running_in_a_temporary_folder

sys.path.insert(0, str(project_root() / "tests"))
from doors import Behind, doors_before

SLOWER = (0.05, 0.10, 0.20, 0.50)
FOUND_WITHIN = 2
LINES_A_MINUTE = 120.0
QUERIES = (
    "errors", "slow-requests", "failed-logins", "request-rate", "error-rate", "errors-by-code", "latency", "trace",
    "requests-by-status", "audit-events",
)  # fmt: skip
NO_LIMIT = 2**50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calm", type=int, default=40)
    parser.add_argument("--month", type=int, default=30)
    parser.add_argument("--steps", type=int, default=3)
    asked = parser.parse_args()
    console = Console(width=150)
    ensure()
    with running_in_a_temporary_folder(fresh_environment("detector")) as platform:
        for stage in STAGES:
            platform.apply(stage, platform.desired()[stage], "detector", lambda _: None)
        as_of = datetime.now(UTC).replace(microsecond=0)
        end_ns = int(as_of.timestamp()) * 10**9
        push_samples(platform, end_ns - 3600 * 10**9, end_ns, LINES_A_MINUTE)
        with doors_before(platform) as doors:
            behind = Behind(platform, doors)
            series: dict[str, list[float]] = {}
            for _ in track(range(asked.calm + asked.month), "nights", console=Console(stderr=True)):
                for query, seconds in night(behind, as_of).items():
                    series.setdefault(query, []).append(seconds)
            slow: dict[float, list[list[dict[str, float]]]] = {slower: [] for slower in SLOWER}
            for _ in track(range(asked.steps), "steps", console=Console(stderr=True)):
                for slower in SLOWER:
                    for door in doors.values():
                        door.slower = slower
                    slow[slower].append([night(behind, as_of) for _ in range(FOUND_WITHIN)])
    tell(console, series, slow, asked.calm)


def night(platform: Behind, as_of: datetime) -> dict[str, float]:
    """The median of each query, seconds."""
    asked = Asked("night", as_of, ROUNDS, (Mode.COLD,), (), NO_LIMIT)
    times: dict[str, list[float]] = {}
    library = {name: query for name, query in load_library(project_root()).items() if name in QUERIES}
    for sample in measured([platform], library, asked, lambda _: None)[0]:
        if sample.round > 0:
            times.setdefault(sample.query, []).append(sample.seconds)
    return {query: statistics.median(seconds) for query, seconds in times.items()}


def tell(
    console: Console,
    series: Mapping[str, list[float]],
    slow: Mapping[float, list[list[dict[str, float]]]],
    calm: int,
) -> None:
    table = Table(box=None, header_style="bold")
    for column in ("query", "median", "noise", "nights alarmed", *(f"{slower:.0%} slower" for slower in SLOWER)):
        table.add_column(column, justify="left" if column == "query" else "right", no_wrap=True)
    totals = dict.fromkeys(SLOWER, 0)
    alarmed = 0
    for query, nights in series.items():
        alarms = sum(look(nights[:end]).step is not None for end in range(calm + 1, len(nights) + 1))
        alarmed += alarms > 0
        told = []
        for slower, steps in slow.items():
            found = sum(is_found(nights, [one[query] for one in step]) for step in steps)
            totals[slower] += found
            told.append(f"{found} of {len(steps)}")
        table.add_row(
            query, f"{statistics.median(nights) * 1000:.1f} ms", f"{look(nights).noise or 0:.1%}", str(alarms), *told
        )
    console.print(table)
    console.print(f"false alarms: in {alarmed} of {len(series)} query-months")
    for slower, steps in slow.items():
        console.print(
            f"{slower:.0%} slower: found by night {FOUND_WITHIN} in {totals[slower]} of {len(series) * len(steps)}"
        )


def is_found(before: list[float], after: list[float]) -> bool:
    return any(look([*before, *after[:nights]]).step for nights in range(1, len(after) + 1))


if __name__ == "__main__":
    main()
