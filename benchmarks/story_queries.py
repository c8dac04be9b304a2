"""Compare the story's queries with the library's, on the same Loki and the same lines: seconds and bytes read.

    python -m benchmarks.story_queries [--lines-a-minute 1200] [--rounds 7]

One Loki in one process, without a results cache, has the hour of sample logs of the query library
(include/logql/README.md), at a higher rate. Rounds take turns between the two versions. A figure is the median of the
rounds, and the ratio is that of the medians. Both versions read the same hour with the same step. If the story's query
gives another answer or none, its corrected form is measured, which gives the library's answer.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from logops.clients.loki import Entry, LokiClient
from logops.logql.parse import parse
from logops.logql.tree import Query
from logops.queries.fill import fill
from logops.queries.library import load_library
from logops.queries.run import run_query
from logops.samples import generate
from logops.toolchain import project_root

sys.path.insert(0, str(project_root() / "tests"))
from tests.support import sample_hour
from tests.support.lokis import running_loki

STEP_S = 300
BATCH = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--lines-a-minute", type=float, default=1200.0)
    parser.add_argument("--rounds", type=int, default=7)
    wanted = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 150)
    with tempfile.TemporaryDirectory() as folder, running_loki(Path(folder)) as client:
        console.print(f"pushed {push(client, wanted.lines_a_minute):,} lines")
        table = Table(box=None, header_style="bold")
        for column in ("query", "answer", "story s", "ours s", "times", "story bytes", "ours bytes", "times"):
            text = column in ("query", "answer")
            table.add_column(column, justify="left" if text else "right", no_wrap=True)
        for name, query in load_library(project_root()).items():
            if query.story is None:
                continue
            both = (parse(query.story.mended or query.story.logql), fill(query, query.example))
            (slow, much), (fast, little) = measured(client, query.tenant, both, wanted.rounds)
            table.add_row(
                name, query.story.answers, f"{slow:.3f}", f"{fast:.3f}", f"{slow / fast:.1f}", decimal(much),
                decimal(little), f"{much / max(1, little):.1f}",
            )  # fmt: skip
        console.print(table)


def push(client: LokiClient, lines_a_minute: float) -> int:
    count = 0
    for kind, tenant in sample_hour.TENANTS.items():
        lines = [*generate(kind, sample_hour.SEED, sample_hour.START_NS, sample_hour.END_NS, lines_a_minute)]
        for at in range(0, len(lines), BATCH):
            batch = lines[at : at + BATCH]
            client.push(
                tenant, [Entry(one.timestamp_ns, one.labels, one.text, one.structured_metadata) for one in batch]
            )
        count += len(lines)
    return count


def measured(client: LokiClient, tenant: str, queries: tuple[Query, Query], rounds: int) -> list[tuple[float, int]]:
    """Return seconds and bytes of each version, as Loki reports them."""
    taken: list[list[tuple[float, int]]] = [[], []]
    for at in range(rounds):
        for which in (0, 1) if at % 2 else (1, 0):
            answer = run_query(
                client, tenant, queries[which], sample_hour.START_NS, sample_hour.END_NS, STEP_S, 5000
            ).statistics
            taken[which].append((answer.exec_seconds, answer.bytes_processed))
    return [
        (statistics.median(seconds for seconds, _ in one), int(statistics.median(read for _, read in one)))
        for one in taken
    ]


if __name__ == "__main__":
    main()
