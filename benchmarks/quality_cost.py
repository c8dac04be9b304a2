"""Measure a quality run over 100 sources: its time, its queries, and the bytes that Loki reads for it.

    python -m benchmarks.quality_cost [--sources 100] [--hours 3] [--lines-a-minute 60]

Runs `local` in a temporary folder, with many sources of one tenant. Pushes some hours of JSON lines, and runs the check
over the last 30 minutes several times, each recorded. Prints for each run: the time, the number of queries, the bytes
that the index estimated for all of them, and the bytes that Loki's statistics counted.
"""

import argparse
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

from rich.console import Console
from rich.table import Table

from benchmarks.temporary_environment import fresh_environment, running_in_a_temporary_folder
from logops.clients.loki import Entry, LokiClient
from logops.environment import Environment
from logops.findings.store import ResultsStore
from logops.number_text import size_text
from logops.platforms.local import LocalPlatform
from logops.quality.request import quality_request
from logops.quality.run import QualityResult, run_quality
from logops.toolchain import ensure

BATCH = 10_000
RUNS = 3
LEVELS = ("info", "info", "info", "warn", "error")


def with_sources(environment: Environment, sources: int) -> Environment:
    """Return the environment with many sources of JSON lines in the tenant application."""
    data = environment.model_dump(mode="json", by_alias=True, exclude_none=True)
    source = {
        "kind": "file",
        "cluster": "main",
        "tenant": "application",
        "owner": "shop",
        "parse": {
            "format": "json",
            "timestamp": {"field": "timestamp", "layout": "RFC3339Nano"},
            "labels": ["level"],
        },
    }
    names = [f"service-{number:03}" for number in range(sources)]
    data["sources"] = {name: {**source, "paths": [f"samples/{name}.log"], "labels": {"job": name}} for name in names}
    data["agents"]["promtail"]["sources"] = names
    return Environment.model_validate_json(json.dumps(data))


def lines_of(sources: int, start_ns: int, end_ns: int, lines_a_minute: int) -> Iterator[Entry]:
    """Yield the lines of all sources, oldest first."""
    random = Random(7)
    step_ns = 60 * 10**9 // (lines_a_minute * sources)
    for number, timestamp_ns in enumerate(range(start_ns, end_ns, step_ns)):
        level = LEVELS[number % len(LEVELS)]
        text = json.dumps(
            {
                "level": level,
                "message": "Request completed",
                "path": f"/orders/{random.randrange(10**6)}",
                "duration_ms": random.randrange(1_000),
                "trace_id": f"{random.getrandbits(128):032x}",
            }
        )
        yield Entry(timestamp_ns, {"job": f"service-{number % sources:03}", "level": level}, text)


def push(platform: LocalPlatform, lines: Iterator[Entry]) -> tuple[int, int]:
    """Push lines. Return their number and bytes."""
    count = size = 0
    batch: list[Entry] = []
    with LokiClient(platform.write_url("main")) as client:
        for line in lines:
            batch.append(line)
            count, size = count + 1, size + len(line.text)
            if len(batch) == BATCH:
                client.push("application", batch)
                batch = []
        client.push("application", batch)
    return count, size


def checked(platform: LocalPlatform, store: ResultsStore, run: int) -> tuple[QualityResult, float]:
    now = datetime.now(UTC)
    request = quality_request(platform.environment, run=f"run-{run}", as_of=now, now=now)
    started = time.monotonic()
    result = run_quality(platform, request, store, lambda _: None)
    return result, time.monotonic() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=100)
    parser.add_argument("--hours", type=float, default=3)
    parser.add_argument("--lines-a-minute", type=int, default=60, help="of each source")
    options = parser.parse_args()
    ensure()
    console = Console()
    table = Table("run", "seconds", "queries", "estimated", "read", "estimated / read", "findings", box=None)
    environment = with_sources(fresh_environment("quality-cost"), options.sources)
    with running_in_a_temporary_folder(environment) as platform:
        for stage in ("storage", "loki", "agents", "tenants"):
            platform.apply(stage, platform.desired()[stage], "quality-cost", console.print)
        end_ns = time.time_ns()
        start_ns = end_ns - int(options.hours * 3_600 * 10**9)
        lines, size = push(platform, lines_of(options.sources, start_ns, end_ns, options.lines_a_minute))
        console.print(f"{lines:,} lines, {size_text(size)}, {options.sources} sources, {options.hours:g} hours")
        store = ResultsStore(str(platform.state / "results"))
        for run in range(1, RUNS + 1):
            result, seconds = checked(platform, store, run)
            cost = result.cost
            table.add_row(
                str(run),
                f"{seconds:.1f}",
                f"{cost.queries:,}",
                size_text(cost.estimated_bytes),
                size_text(cost.bytes),
                f"{cost.estimated_bytes / max(cost.bytes, 1):.1f}",
                ", ".join(sorted({finding.cls.name for finding in result.findings})) or "none",
            )
    console.print(table)


if __name__ == "__main__":
    main()
