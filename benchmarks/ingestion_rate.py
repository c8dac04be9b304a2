"""Measure how many MB/s of logs a distributed Loki accepts on this machine, and what limits it.

    python -m benchmarks.ingestion_rate [--seconds 30] [--rounds 3] [--quota 0.2] [--only TEXT]

Each layout (distributors + ingesters, replication factor) runs in a new local environment whose limits are far above
the rate. One process pushes sample lines over six connections (benchmarks/ingestion_load.py). Then every ingester
stores its chunks, and a query counts the lines: the benchmark fails if the count is not that of the accepted lines.
The layouts take turns, round after round.

1. All processes share the cores. Shows the rate, the processor time of a megabyte, and who uses it.
2. Each distributor and ingester has its own limit of cores, as a pod has. Shows how the rate grows with their number,
   which cores that all processes share cannot show. Needs root; `--quota 0` leaves this out.

Then the model (benchmarks/ingestion_model.py): how well it predicts a layout that it has not seen, and what 100 MB/s
need. docs/capacity.md explains the figures.

MB are 2^20 bytes of text and structured metadata, as Loki counts them, before compression and replication.
"""

import argparse
import os
import statistics
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.cpu_quota import QuotaError, limited
from benchmarks.ingestion_load import Body, Pushed, bodies, push_for
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
from benchmarks.temporary_environment import fresh_environment, running_in_a_temporary_folder
from logops.clients.loki import LokiClient
from logops.clients.loki.metrics import Metric, total
from logops.environment import Environment
from logops.environment.cluster import Resources, Workload
from logops.environment.limits import Limits
from logops.environment.units import Size
from logops.number_text import size_text
from logops.platforms.local import LocalPlatform
from logops.platforms.platform import component_of
from logops.toolchain import ensure

CLUSTER, TENANT, SELECTOR = "main", "application", '{pod=~".+"}'
CONNECTIONS = 6
"""Divisible by 1, 2 and 3 distributors."""
WARM_UP_S = 2.0
MIB = 2**20
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
AIM_MB_S = 100.0
BUSY = 0.5
"""Recommended average use of a process's cores: peaks, compaction and a failed zone need the rest."""
STORED_WITHIN_S = 300.0
CLASSES = ("sender", "distributor", "ingester", "storage", "others")


@dataclass(frozen=True)
class Round:
    """One measurement of a layout."""

    layout: Layout
    seconds: float
    pushed: Pushed
    cpu_s: Mapping[str, float]
    """Processor time of each class of processes while lines were pushed."""
    storing_cpu_s: Mapping[str, float]
    """The same after it, until every chunk was stored."""
    memory_bytes: Mapping[str, int]
    """Resident memory of the largest process of each class, at the end."""
    discarded: Mapping[str, float]
    """Lines that Loki discarded, by reason."""
    wal_bytes: float
    stored_bytes: float
    other_cores: float
    """Cores that programs outside of the benchmark used."""

    @property
    def megabytes(self) -> float:
        return self.pushed.line_bytes / MIB

    @property
    def rate_mb_s(self) -> float:
        return self.megabytes / self.seconds

    def spent(self, *, storing: bool) -> Spent:
        """Return the seconds of a megabyte, with the time for storing the last chunks or without it."""

        def seconds(name: str) -> float:
            return (self.cpu_s[name] + (self.storing_cpu_s[name] if storing else 0.0)) / self.megabytes

        # The benchmark's own process only asks and waits while chunks are stored.
        sender = self.cpu_s["sender"] / self.megabytes
        return Spent(sender, seconds("distributor"), seconds("ingester"), seconds("storage"))

    @property
    def used_cores(self) -> float:
        return sum(self.cpu_s.values()) / self.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quota", type=float, default=0.2, help="Cores of each process in part 2. 0: without part 2.")
    parser.add_argument("--only", default="", help="Only layouts whose text contains this, for example '3 + 3'.")
    options = parser.parse_args()
    ensure()
    console = Console(width=150)
    contents = bodies(CONNECTIONS)
    shared = [layout for layout in SHARED if options.only in str(layout)]
    limited_layouts = [layout for layout in WITH_QUOTA if options.only in str(layout)] if options.quota else []
    free_rounds: list[Round] = []
    quota_rounds: list[Round] = []
    for number in range(options.rounds):
        for quota, layouts, rounds in ((0.0, shared, free_rounds), (options.quota, limited_layouts, quota_rounds)):
            for layout in layouts:
                with console.status(f"round {number + 1}: {layout}{f', {quota} cores each' if quota else ''}"):
                    try:
                        rounds.append(measure(layout, options.seconds, quota, contents))
                    except QuotaError as error:
                        raise SystemExit(str(error)) from error
                done = rounds[-1]
                console.print(
                    f"round {number + 1}: {layout}{f', {quota} cores each' if quota else ''}: {done.rate_mb_s:.1f} MB/s"
                )
    if not free_rounds:
        raise SystemExit(f"--only {options.only!r}: no layout has this text. Layouts: {', '.join(map(str, SHARED))}")
    show(console, free_rounds, quota_rounds, options.quota)


def environment(layout: Layout) -> Environment:
    """Return `local` with this layout, only the main cluster, no agents, and limits that are never reached."""
    own = fresh_environment("ingestion-rate")
    main_cluster = own.clusters[CLUSTER]
    memory = Resources.model_validate({"limits": {"memory": "4GiB"}})

    def workload(name: str, replicas: int) -> Workload:
        declared = main_cluster.components[name]  # type: ignore[index]
        return declared.model_copy(update={"replicas": replicas, "resources": memory})

    components = {
        **main_cluster.components,
        "distributor": workload("distributor", layout.distributors),
        "ingester": workload("ingester", layout.ingesters),
    }
    no_limit = {
        "ingestion_rate_mb": 100_000.0,
        "ingestion_burst_size_mb": 100_000.0,
        "per_stream_rate_limit": Size("100GiB"),
        "per_stream_rate_limit_burst": Size("100GiB"),
    }
    tenant = main_cluster.tenants[TENANT].model_copy(update={"limits": Limits()})
    changed = main_cluster.model_copy(
        update={
            "components": components,
            "replication_factor": layout.replication_factor,
            "limits": main_cluster.limits.model_copy(update=no_limit),
            "tenants": {TENANT: tenant},
            "canary": None,
        }
    )
    return own.model_copy(update={"clusters": {CLUSTER: changed}, "sources": {}, "agents": {}})


def measure(layout: Layout, seconds: float, quota: float, contents: Sequence[Sequence[Body]]) -> Round:
    """Push for some seconds into a new environment, and check that every accepted line is there."""
    with running_in_a_temporary_folder(environment(layout), lambda _: None) as platform:
        desired = platform.desired()
        for stage in ("storage", "loki", "tenants"):
            platform.apply(stage, desired[stage], "ingestion-rate", lambda _: None)
        urls = of_component(platform.urls(CLUSTER), "distributor")
        pids = {process.name: process.pid for process in platform.processes() if process.pid}
        in_quota = [pid for name, pid in pids.items() if component_of(name, CLUSTER) in ("distributor", "ingester")]
        since_ns = time.time_ns()
        with limited(in_quota, quota) if quota else nullcontext():
            warm_up = push_for(WARM_UP_S, TENANT, urls, contents)
            wal_before = wal_bytes(platform)
            cpu_before, machine_before, started = cpu_times(pids), busy_seconds(), time.monotonic()
            pushed = push_for(seconds, TENANT, urls, contents)
            took = time.monotonic() - started
            cpu_after, machine = cpu_times(pids), busy_seconds() - machine_before
        memory = memory_of(pids)
        written = wal_bytes(platform) - wal_before
        store(platform)
        stored_after = cpu_times(pids)
        metrics = all_metrics(platform)
        everything = Pushed()
        everything.add(warm_up)
        everything.add(pushed)
        check_nothing_is_missing(platform, layout, everything, metrics, since_ns)
    cpu = difference(cpu_before, cpu_after)
    return Round(
        layout,
        took,
        pushed,
        cpu,
        difference(cpu_after, stored_after),
        memory,
        discarded(metrics),
        written,
        (total(metrics, "loki_ingester_chunk_size_bytes_sum") or 0.0) * pushed.line_bytes / everything.line_bytes,
        max(0.0, machine - sum(cpu.values())) / took,
    )


def of_component(urls: Mapping[str, str], component: str) -> list[str]:
    return [url for name, url in urls.items() if component_of(name, CLUSTER) == component]


def class_of(process: str) -> str:
    component = component_of(process, CLUSTER)
    if component in ("distributor", "ingester"):
        return component
    return "storage" if process.startswith("azurite") else "others"


def cpu_times(pids: Mapping[str, int]) -> dict[str, float]:
    """Return the processor time of each class of processes since their start, in seconds."""
    seconds = dict.fromkeys(CLASSES, 0.0)
    seconds["sender"] = time.process_time()
    for name, pid in pids.items():
        spent = psutil.Process(pid).cpu_times()
        seconds[class_of(name)] += spent.user + spent.system
    return seconds


def difference(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {name: after[name] - before[name] for name in before}


def busy_seconds() -> float:
    """Return the processor time of all programs of the machine since its start."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)


def memory_of(pids: Mapping[str, int]) -> dict[str, int]:
    largest = dict.fromkeys(CLASSES, 0)
    largest["sender"] = psutil.Process().memory_info().rss
    for name, pid in pids.items():
        largest[class_of(name)] = max(largest[class_of(name)], psutil.Process(pid).memory_info().rss)
    return largest


def metrics_of(url: str) -> list[Metric]:
    with LokiClient(url) as client:
        return client.metrics()


def all_metrics(platform: LocalPlatform) -> list[Metric]:
    """Return the metrics of all distributors and ingesters."""
    urls = platform.urls(CLUSTER)
    wanted = of_component(urls, "distributor") + of_component(urls, "ingester")
    return [metric for url in wanted for metric in metrics_of(url)]


def wal_bytes(platform: LocalPlatform) -> float:
    return total(all_metrics(platform), "loki_ingester_wal_logged_bytes_total") or 0.0


def discarded(metrics: Iterable[Metric]) -> dict[str, float]:
    reasons: Counter[str] = Counter()
    for metric in metrics:
        if metric.name == "loki_discarded_samples_total":
            reasons[metric.labels.get("reason", "")] += int(metric.value)
    return dict(reasons)


def store(platform: LocalPlatform) -> None:
    """Make every ingester store its chunks, and wait until none is left to store."""
    urls = of_component(platform.urls(CLUSTER), "ingester")
    for url in urls:
        with LokiClient(url) as client:
            client.flush()
    deadline = time.monotonic() + STORED_WITHIN_S
    while time.monotonic() < deadline:
        metrics = [metric for url in urls for metric in metrics_of(url)]
        created = total(metrics, "loki_ingester_chunks_created_total")
        stored = total(metrics, "loki_ingester_chunk_size_bytes_count")
        if created == stored:
            return
        time.sleep(0.2)
    raise SystemExit(f"Storing chunks: {stored} of {created} are stored after {STORED_WITHIN_S:.0f} s.")


def check_nothing_is_missing(
    platform: LocalPlatform, layout: Layout, pushed: Pushed, metrics: Iterable[Metric], since_ns: int
) -> None:
    """Stop the benchmark if the distributors or a query count other lines than those that were accepted."""
    now_ns = time.time_ns()
    seconds = (now_ns - since_ns) // 10**9 + 60
    with LokiClient(platform.read_url(CLUSTER), read_timeout=300) as client:
        points = client.query(TENANT, f"sum(count_over_time({SELECTOR}[{seconds}s]))", now_ns)
    counted = sum(int(point.value) for point in points)
    received = total(metrics, "loki_distributor_bytes_received_total", tenant=TENANT) or 0.0
    if counted != pushed.lines:
        raise SystemExit(f"{layout}: Loki accepted {pushed.lines:,} lines, and a query counts {counted:,}.")
    if not pushed.failures and received != pushed.line_bytes:
        raise SystemExit(f"{layout}: {pushed.line_bytes:,} bytes were accepted, and Loki counts {received:,.0f}.")


def show(console: Console, free_rounds: Sequence[Round], quota_rounds: Sequence[Round], quota: float) -> None:
    console.print(rate_table("All processes share the cores", free_rounds))
    console.print(cost_table(free_rounds))
    if quota_rounds:
        console.print(rate_table(f"Each distributor and ingester has {quota:g} cores", quota_rounds))
    console.print(*failures([*free_rounds, *quota_rounds]), sep="\n")
    show_model(console, free_rounds, quota_rounds, quota)


def by_layout(rounds: Iterable[Round]) -> dict[Layout, list[Round]]:
    groups: dict[Layout, list[Round]] = {}
    for measured in rounds:
        groups.setdefault(measured.layout, []).append(measured)
    return groups


def rate_table(title: str, rounds: Iterable[Round]) -> Table:
    """Return the table of rates: medians of the rounds."""
    table = Table(title=title, title_justify="left", box=None)
    table.add_column("distributors + ingesters", no_wrap=True)
    columns = ("MB/s", "lowest", "lines/s", "push p50", "p99", *CLASSES, "other programs")
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
        )
    table.caption = "Columns sender to other programs: cores in use while lines are pushed."
    table.caption_justify = "left"
    return table


def cost_table(rounds: Iterable[Round]) -> Table:
    table = Table(title="Cost of a megabyte", title_justify="left", box=None)
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
            *(size_text(max(one.memory_bytes[name] for one in own)) for name in ("distributor", "ingester")),
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
