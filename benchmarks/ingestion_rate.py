"""Measure how many MB/s of logs a distributed Loki accepts on this machine, and what limits it.

    python -m benchmarks.ingestion_rate [--seconds 30] [--rounds 3] [--quota 0.2] [--only TEXT]

Each layout (distributors + ingesters, replication factor) runs in a new local environment whose limits are far above
the rate. One process pushes sample lines over six connections (benchmarks/ingestion_load.py). Then every ingester
stores its chunks, and a query counts the lines: the benchmark fails if the count is not that of the accepted lines.
The layouts take turns, round after round.

1. All processes share the cores. Shows the rate, the processor time of a megabyte, and who uses it.
2. The same with small pushes, for two layouts.
3. Each distributor and ingester has its own limit of cores, as a pod has. Shows how the rate grows with their number,
   which cores that all processes share cannot show. Needs root; `--quota 0` leaves this out.

Then the model (benchmarks/ingestion_model.py): how well it predicts a layout that it has not seen, and what 100 MB/s
need. docs/capacity.md explains the figures.

MB are 2^20 bytes of text and structured metadata, as Loki counts them, before compression and replication.
"""

import argparse
import os
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.cpu_quota import QuotaError
from benchmarks.ingestion_load import bodies
from benchmarks.ingestion_measure import CLASSES, MIB, Round, measure
from benchmarks.ingestion_model import (
    Costs,
    Layout,
    Measurement,
    Spent,
    demand,
    fitted_costs,
    interval,
    left_out_ratios,
    limited_rate,
)
from logops.number_text import size_text
from logops.toolchain import ensure

CONNECTIONS = 6
"""Divisible by 1, 2 and 3 distributors."""
PUSH_BYTES = MIB
"""Bytes of lines in a push: Promtail's and Alloy's default."""
SMALL_PUSH_BYTES = MIB // 16
SHARED = (
    Layout(1, 1),
    Layout(2, 1),
    Layout(3, 1),
    Layout(1, 2),
    Layout(1, 3),
    Layout(2, 2),
    Layout(3, 3),
    Layout(1, 3, 3),
    Layout(3, 3, 3),
)
WITH_QUOTA = (
    Layout(1, 3),
    Layout(2, 3),
    Layout(3, 3),
    Layout(3, 1),
    Layout(3, 2),
    Layout(3, 3, 3),
)
WITH_SMALL_PUSHES = (Layout(1, 3), Layout(1, 3, 3))
CAPPED = ("distributor", "ingester")
"""Classes of processes that have a limit of cores in part 3."""
AIM_MB_S = 100.0
BUSY = 0.5
"""Recommended average use of a process's cores: peaks, compaction and a failed zone need the rest."""


@dataclass
class Part:
    """Layouts that are measured in the same way."""

    title: str
    layouts: Sequence[Layout]
    push_bytes: int = PUSH_BYTES
    quota: float = 0.0
    """Cores of each distributor and ingester; 0: no limit."""
    rounds: list[Round] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quota", type=float, default=0.2, help="Cores of each process in part 3. 0: without part 3.")
    parser.add_argument("--only", default="", help="Only layouts whose text contains this, for example '3 + 3'.")
    options = parser.parse_args()
    shared = Part("All processes share the cores", SHARED)
    small = Part(f"The same, pushes of {size_text(SMALL_PUSH_BYTES)}", WITH_SMALL_PUSHES, SMALL_PUSH_BYTES)
    limited = Part(f"Each distributor and ingester has {options.quota:g} cores", WITH_QUOTA, quota=options.quota)
    parts = [shared, small, limited] if options.quota else [shared, small]
    for part in parts:
        part.layouts = [layout for layout in part.layouts if options.only in str(layout)]
    if not shared.layouts:
        raise SystemExit(f"--only {options.only!r}: no layout has this text. Layouts: {'; '.join(map(str, SHARED))}.")
    ensure()
    console = Console(width=150)
    contents = {size: bodies(CONNECTIONS, size) for size in (PUSH_BYTES, SMALL_PUSH_BYTES)}
    for number in range(options.rounds):
        for part in parts:
            for layout in part.layouts:
                text = f"round {number + 1}. {part.title}: {layout}"
                with console.status(text):
                    try:
                        measured = measure(layout, options.seconds, part.quota, contents[part.push_bytes])
                    except QuotaError as error:
                        raise SystemExit(str(error)) from error
                part.rounds.append(measured)
                console.print(f"{text}: {measured.rate_mb_s:.1f} MB/s", highlight=False)
    show(console, shared, small, limited)


def show(console: Console, shared: Part, small: Part, limited: Part) -> None:
    for part in (shared, small, limited):
        if part.rounds:
            console.print(rate_table(part.title, part.rounds))
    for part in (shared, small):
        if part.rounds:
            console.print(cost_table(f"{part.title}: a megabyte costs", part.rounds))
    console.print(*failures([*shared.rounds, *small.rounds, *limited.rounds]), sep="\n", highlight=False)
    show_model(console, shared.rounds, limited.rounds, limited.quota)


def by_layout(rounds: Iterable[Round]) -> dict[Layout, list[Round]]:
    groups: dict[Layout, list[Round]] = {}
    for measured in rounds:
        groups.setdefault(measured.layout, []).append(measured)
    return groups


def rate_table(title: str, rounds: Iterable[Round]) -> Table:
    """Return the table of rates: medians of the rounds."""
    table = Table(title=title, title_justify="left", box=None)
    table.add_column("distributors + ingesters", no_wrap=True)
    columns = (
        "MB/s",
        "lowest",
        "lines/s",
        "p50",
        "p99",
        *CLASSES,
        "other programs",
        *(f"a {name}" for name in CAPPED),
    )
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    for layout, own in by_layout(rounds).items():
        latencies = np.concatenate([one.pushed.latencies_s for one in own])
        cores = [median(one.cpu_s[name] / one.seconds for one in own) for name in CLASSES]
        table.add_row(
            str(layout),
            f"{median(one.rate_mb_s for one in own):.1f}",
            f"{min(one.rate_mb_s for one in own):.1f}",
            f"{median(one.pushed.lines / one.seconds for one in own):,.0f}",
            *(f"{np.percentile(latencies, percent) * 1000:.0f} ms" for percent in (50, 99)),
            *(f"{value:.2f}" for value in cores),
            f"{median(one.other_cores for one in own):.2f}",
            *(f"{median(one.busiest_cpu_s[name] / one.seconds for one in own):.2f}" for name in CAPPED),
        )
    table.caption = (
        "p50 and p99: of a push. Then cores in use while lines are pushed: of all processes of a kind, and of the "
        "busiest distributor and ingester."
    )
    table.caption_justify = "left"
    return table


def cost_table(title: str, rounds: Iterable[Round]) -> Table:
    table = Table(title=title, title_justify="left", box=None)
    table.add_column("distributors + ingesters", no_wrap=True)
    for name in ("sender", "distributor", "ingester", "storage", "request", "WAL", "chunks"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("distributor", "ingester"):
        table.add_column(f"{name} has", justify="right", no_wrap=True)
    for layout, own in by_layout(rounds).items():
        spent = measurement(own, storing=True).spent
        copies = layout.replication_factor
        seconds = (spent.sender, spent.distributor, spent.ingester / copies, spent.storage / copies)
        table.add_row(
            str(layout),
            *(f"{value * 1000:.1f}" for value in seconds),
            f"{median(one.pushed.request_bytes / one.pushed.line_bytes for one in own):.2f} MB",
            f"{median(one.wal_bytes / one.pushed.line_bytes for one in own) / copies:.2f} MB",
            f"{median(one.stored_bytes / one.pushed.line_bytes for one in own) / copies:.3f} MB",
            *(size_text(int(max(one.memory_bytes[name] for one in own))) for name in ("distributor", "ingester")),
        )
    table.caption = (
        "Sender to storage: ms of one core, with those for storing the last chunks. Then bytes: of the request, "
        "the write-ahead log and stored chunks. Ingester to chunks: for each copy. Last: memory of the largest process."
    )
    table.caption_justify = "left"
    return table


def failures(rounds: Iterable[Round]) -> list[str]:
    """Return one line for refused pushes and discarded lines, and one for the count of stored lines."""
    refused: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    lines = 0
    for measured in rounds:
        refused += measured.pushed.failures
        lost.update(measured.discarded)
        lines += measured.pushed.lines
    return [
        f"Refused pushes: {dict(refused) or 'none'}. Lines discarded by Loki: {dict(lost) or 'none'}.",
        f"Accepted lines, each counted by a query: {lines:,}.",
    ]


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def measurement(rounds: Sequence[Round], *, storing: bool) -> Measurement:
    """Return the measurement of a layout: medians of its rounds."""
    spent = [one.spent(storing=storing) for one in rounds]
    return Measurement(
        rounds[0].layout,
        median(one.rate_mb_s for one in rounds),
        Spent(
            median(one.sender for one in spent),
            median(one.distributor for one in spent),
            median(one.ingester for one in spent),
            median(one.storage for one in spent),
        ),
        median(one.used_cores for one in rounds),
    )


def show_model(console: Console, free_rounds: Sequence[Round], quota_rounds: Sequence[Round], quota: float) -> None:
    groups = by_layout(free_rounds).values()
    measured = [measurement(own, storing=False) for own in groups]
    costs = fitted_costs(measured)
    complete = fitted_costs([measurement(own, storing=True) for own in groups])
    cores = os.cpu_count() or 1
    efficiency = statistics.mean(one.used_cores for one in measured) / cores
    console.print(f"\nModel: MB/s = {cores} cores x {efficiency:.2f} / {costs_text(costs)}")
    console.print(f"  With storing the last chunks: {costs_text(complete)}")
    if len(measured) >= 3:
        show_predictions(console, measured)
    for layout, own in by_layout(quota_rounds).items():
        predicted, reached = limited_rate(costs, layout, quota, quota), median(one.rate_mb_s for one in own)
        console.print(
            f"  {layout}, {quota:g} cores each: predicted {predicted:.1f} MB/s, measured {reached:.1f}, "
            f"{predicted / reached:.2f} times"
        )
    for factor in (1, 3):
        need = demand(complete, AIM_MB_S, factor, BUSY)
        console.print(
            f"{AIM_MB_S:.0f} MB/s, replication factor {factor}, cores busy {BUSY:.0%}: "
            f"{need.distributor_cores:.1f} cores of distributors, {need.ingester_cores:.1f} cores of ingesters."
        )


def costs_text(costs: Costs) -> str:
    sender, distributor, sending, ingester, storage = (
        f"{seconds * 1000:.1f}"
        for seconds in (costs.sender, costs.distributor, costs.sending, costs.ingester, costs.storage)
    )
    return (
        f"(sender {sender} + distributor {distributor} + RF x (sending {sending} + ingester {ingester} + "
        f"storage {storage}) ms)"
    )


def show_predictions(console: Console, measured: Sequence[Measurement]) -> None:
    """Print how well each layout is predicted from the other layouts."""
    ratios = left_out_ratios(measured, own_cores=False)
    with_own_cores = left_out_ratios(measured, own_cores=True)
    for one, ratio, own in zip(measured, ratios, with_own_cores, strict=True):
        console.print(
            f"  {one.layout}: measured {one.rate_mb_s:.1f} MB/s. Predicted from the other layouts: {ratio:.2f} times; "
            f"with the cores that it used: {own:.2f} times"
        )
    for text, values in (("predicted / measured", ratios), ("with the cores that it used", with_own_cores)):
        low, high = interval(values)
        console.print(f"  A layout that was left out, {text}: {low:.2f} to {high:.2f} (90 %).")


if __name__ == "__main__":
    main()
