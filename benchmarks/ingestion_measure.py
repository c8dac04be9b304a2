"""Measure what one layout of distributors and ingesters accepts, in a new environment that is removed afterwards."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import psutil

from benchmarks.cpu_quota import limited
from benchmarks.ingestion_load import Body, Pushed, push_for
from benchmarks.ingestion_model import Layout, Spent
from benchmarks.temporary_environment import fresh_environment, running_in_a_temporary_folder
from logops.clients.loki import LokiClient
from logops.clients.loki.metrics import Metric, total
from logops.environment import Environment
from logops.environment.cluster import Component, Resources, Workload
from logops.environment.limits import Limits
from logops.environment.units import Size
from logops.platforms.local import LocalPlatform
from logops.platforms.platform import component_of

CLUSTER, TENANT, SELECTOR = "main", "application", '{pod=~".+"}'
WARM_UP_S = 2.0
MIB = 2**20
STORED_WITHIN_S = 300.0
FLUSH_AGAIN_S = 20.0
SENDER = "sender"
"""This process."""
CLASSES = (SENDER, "distributor", "ingester", "storage", "others")
"""Classes of processes. Others are queriers, compactor, and so on."""


@dataclass(frozen=True)
class Round:
    """One measurement of a layout."""

    layout: Layout
    seconds: float
    pushed: Pushed
    cpu_s: Mapping[str, float]
    """Processor time of each class of processes while lines were pushed."""
    busiest_cpu_s: Mapping[str, float]
    """That of the busiest process of each class: streams are not spread evenly over ingesters."""
    storing_cpu_s: Mapping[str, float]
    """The same after it, until every chunk was stored."""
    memory_bytes: Mapping[str, float]
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


def environment(layout: Layout) -> Environment:
    """Return `local` with this layout, only the main cluster, no agents, and limits that are never reached."""
    own = fresh_environment("ingestion-rate")
    main_cluster = own.clusters[CLUSTER]
    memory = Resources.model_validate({"limits": {"memory": "4GiB"}})

    def workload(name: Component, replicas: int) -> Workload:
        declared = main_cluster.components[name]
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
            before, machine_before, started = cpu_times(pids), busy_seconds(), time.monotonic()
            pushed = push_for(seconds, TENANT, urls, contents)
            took = time.monotonic() - started
            after, machine = cpu_times(pids), busy_seconds() - machine_before
        memory = memory_of(pids)
        written = wal_bytes(platform) - wal_before
        store(platform)
        stored_after = cpu_times(pids)
        metrics = all_metrics(platform)
        everything = Pushed()
        everything.add(warm_up)
        everything.add(pushed)
        check_nothing_is_missing(platform, layout, everything, metrics, since_ns)
    cpu = difference(before, after)
    return Round(
        layout,
        took,
        pushed,
        of_classes(cpu, sum),
        of_classes(cpu, max),
        of_classes(difference(after, stored_after), sum),
        memory,
        discarded(metrics),
        written,
        (total(metrics, "loki_ingester_chunk_size_bytes_sum") or 0.0) * pushed.line_bytes / everything.line_bytes,
        max(0.0, machine - sum(cpu.values())) / took,
    )


def of_component(urls: Mapping[str, str], component: str) -> list[str]:
    return [url for name, url in urls.items() if component_of(name, CLUSTER) == component]


def class_of(process: str) -> str:
    if process == SENDER:
        return process
    component = component_of(process, CLUSTER)
    if component in ("distributor", "ingester"):
        return component
    return "storage" if process.startswith("azurite") else "others"


def cpu_times(pids: Mapping[str, int]) -> dict[str, float]:
    """Return the processor time of each process since its start, in seconds. This process is the sender."""
    seconds = {SENDER: time.process_time()}
    for name, pid in pids.items():
        spent = psutil.Process(pid).cpu_times()
        seconds[name] = spent.user + spent.system
    return seconds


def difference(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {name: after[name] - before[name] for name in before}


def of_classes(values: Mapping[str, float], join: Callable[[list[float]], float]) -> dict[str, float]:
    """Return the sum, or the maximum, of the values of each class of processes."""
    groups: dict[str, list[float]] = {}
    for process, value in values.items():
        groups.setdefault(class_of(process), []).append(value)
    return {name: join(group) for name, group in groups.items()}


def busy_seconds() -> float:
    """Return the processor time of all programs of the machine since its start."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)


def memory_of(pids: Mapping[str, int]) -> dict[str, float]:
    """Return the resident memory of the largest process of each class."""
    return of_classes({name: psutil.Process(pid).memory_info().rss for name, pid in pids.items()}, max)


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
    deadline = time.monotonic() + STORED_WITHIN_S
    next_flush = 0.0
    while time.monotonic() < deadline:
        # Again and again: a chunk that is being stored when the request comes may be left out.
        if time.monotonic() >= next_flush:
            next_flush = time.monotonic() + FLUSH_AGAIN_S
            for url in urls:
                with LokiClient(url) as client:
                    client.flush()
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
