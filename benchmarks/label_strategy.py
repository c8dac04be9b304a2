"""Measure what labels cost: the same lines with three sets of labels, on the same Loki.

    python -m benchmarks.label_strategy [--lines-a-minute 600] [--rounds 7]

One hour of application logs is pushed three times, for three tenants:

- with the labels of the environment's sources (service, level, environment) and trace_id as structured metadata
- with the label `job` only
- with trace_id as an additional label

Then the same three questions are asked of each, in turns, without the results cache.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from logops.clients.loki import Entry, LokiClient
from logops.logql.parse import parse
from logops.queries.run import run_query
from logops.rules.own_loki import own_loki
from logops.samples import Kind, generate
from logops.samples.line import Line
from logops.toolchain import project_root

sys.path.insert(0, str(project_root() / "tests"))
from tests.support import sample_hour

BATCH = 5_000
QUESTIONS = {
    "errors": {
        "as rolled out": '{job="oversight-app", level="error"}',
        "job alone": '{job="oversight-app"} | json level | level="error"',
        "trace_id a label": '{job="oversight-app", level="error"}',
    },
    "a trace": {
        "as rolled out": '{job="oversight-app"} | trace_id="%s"',
        "job alone": '{job="oversight-app"} |= "%s"',
        "trace_id a label": '{job="oversight-app", trace_id="%s"}',
    },
    "rate by service": {
        "as rolled out": 'sum by (service) (rate({job="oversight-app"} [5m]))',
        "job alone": 'sum by (service) (rate({job="oversight-app"} | json service [5m]))',
        "trace_id a label": 'sum by (service) (rate({job="oversight-app"} [5m]))',
    },
}
TENANTS = {name: name.replace(" ", "-").replace("_", "-") for name in QUESTIONS["errors"]}
UNLIMITED = {TENANTS["trace_id a label"]: {"max_global_streams_per_user": 0}}
"""The default of 10,000 streams, which is also the environment's, would refuse the third set of labels."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines-a-minute", type=float, default=600.0)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    console = Console(width=150)
    lines = [
        *generate(Kind.APPLICATION, sample_hour.SEED, sample_hour.START_NS, sample_hour.END_NS, options.lines_a_minute)
    ]
    trace = next(one.structured_metadata["trace_id"] for one in reversed(lines) if one.structured_metadata)
    table = Table(box=None, header_style="bold")
    table.add_column("labels", no_wrap=True)
    for column in ("streams", "pushed in", *QUESTIONS):
        table.add_column(column, justify="right", no_wrap=True)
    with tempfile.TemporaryDirectory() as folder, own_loki(Path(folder), UNLIMITED) as client:
        pushed = {name: push(client, name, lines) for name in TENANTS}
        taken = ask(client, trace, options.rounds)
        for name, tenant in TENANTS.items():
            streams = len(client.series(tenant, ['{job=~".+"}'], sample_hour.START_NS, sample_hour.END_NS))
            table.add_row(
                name,
                f"{streams:,}",
                f"{pushed[name]:.1f} s",
                *(
                    f"{taken[name, question][0] * 1000:.0f} ms, {decimal(taken[name, question][1])}"
                    for question in QUESTIONS
                ),
            )
    console.print(f"{len(lines):,} lines; of each question the median time, and the bytes that were read")
    console.print(table)


def push(client: LokiClient, strategy: str, lines: list[Line]) -> float:
    """Push the lines with one set of labels. Return the seconds."""
    started = time.perf_counter()
    for at in range(0, len(lines), BATCH):
        client.push(TENANTS[strategy], [labelled(strategy, one) for one in lines[at : at + BATCH]])
    return time.perf_counter() - started


def labelled(strategy: str, line: Line) -> Entry:
    match strategy:
        case "job alone":
            return Entry(line.timestamp_ns, {"job": line.labels["job"]}, line.text)
        case "trace_id a label":
            own = {key: value for key, value in line.structured_metadata.items() if key == "trace_id"}
            return Entry(line.timestamp_ns, {**line.labels, **own}, line.text)
        case _:
            return Entry(line.timestamp_ns, line.labels, line.text, line.structured_metadata)


def ask(client: LokiClient, trace: str, rounds: int) -> dict[tuple[str, str], tuple[float, int]]:
    """Return the median seconds and bytes of every set of labels and question. Their answers must be equal."""
    taken: dict[tuple[str, str], list[tuple[float, int]]] = {}
    for _ in range(rounds):
        for question, forms in QUESTIONS.items():
            counts = set()
            for strategy, form in forms.items():
                query = parse(form.replace("%s", trace))
                started = time.perf_counter()
                answer = run_query(
                    client, TENANTS[strategy], query, sample_hour.START_NS, sample_hour.END_NS, 300, 5000
                )
                seconds = time.perf_counter() - started
                counts.add(len(answer.entries if hasattr(answer, "entries") else answer.series))
                taken.setdefault((strategy, question), []).append((seconds, answer.statistics.bytes_processed))
            assert len(counts) == 1, f"{question}: the strategies answer differently: {counts}"
    return {
        key: (statistics.median(one for one, _ in figures), int(statistics.median(read for _, read in figures)))
        for key, figures in taken.items()
    }


if __name__ == "__main__":
    main()
