"""Ask Loki: its limits, its delete requests, and the state of its compactor and ingesters."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from logops.audit.policy.retention import TenantRules, rules_of_limits
from logops.clients.loki import DeleteRequest, LokiClient, LokiError, LokiRefusedError, Metric, Ring, RingMember, total
from logops.clients.metric_names import LOKI_3_SHIPPER, LOKI_4_SHIPPER
from logops.number_text import count_text
from logops.platforms.platform import ReadablePlatform, component_of

Value = TypeVar("Value")

_COMPACTS = ("compactor", "all")
_INGESTS = ("ingester", "all")
ROTATION_S = 15 * 60.0
"""How often an ingester builds index files (pkg/storage/stores/shipper/indexshipper/tsdb/head_manager.go)."""
_TIMEOUT_S = 10.0
_WATCHED_S = 75.0
"""An ingester uploads every minute (pkg/storage/stores/shipper/indexshipper/shipper.go, UploadInterval)."""


@dataclass(frozen=True)
class Compactor:
    """A process that compacts. Times are Unix seconds; 0 if it has not happened since the start.

    Metrics: pkg/compactor/metrics.go, pkg/compactor/retention/metrics.go, pkg/compactor/deletion/metrics.go.
    """

    name: str
    running: bool
    """Whether it is the active compactor: the ring lets only one run."""
    started: float
    compacted: float
    """End of the last successful run over all tables."""
    retained: float
    """End of the last successful retention run."""
    marker_files: int
    """Number of files with chunks to delete."""
    marker_time: float
    """When the current marker file was written; 0 if there is none."""


@dataclass(frozen=True)
class Ingester:
    """A process that writes chunks and uploads index files. Counted since its start.

    Metrics: pkg/ingester/metrics.go, pkg/storage/stores/shipper/indexshipper.
    """

    name: str
    started: float
    flushed: int
    """Chunks written."""
    built: float
    """When it last built an index file, Unix seconds."""
    uploads: int
    """Successful upload runs, one per minute."""
    failed_uploads: int
    failing: bool = False
    """Whether its uploads failed, and never succeeded, while it was watched."""

    def upload_fault(self, now: float, slack_s: float) -> str:
        """Return why its index does not reach the bucket; empty if it does, or if there is nothing to upload."""
        if self.failing:
            return f"its uploads fail, {self.failed_uploads:,} since it started at {_time(self.started)}"
        if not self.flushed or now - self.started < ROTATION_S + slack_s:
            return ""
        if now - max(self.built, self.started) > 2 * ROTATION_S + slack_s:
            last = f"since {_time(self.built)}" if self.built else f"since it started at {_time(self.started)}"
            return f"it has written {count_text(self.flushed, 'chunk')} and made no index file {last}"
        return ""


@dataclass(frozen=True)
class LokiState:
    """The state that a cluster's processes report."""

    limits: Mapping[str, TenantRules]
    """By tenant, from the compactor; from another process if the compactor does not answer."""
    reloaded: Mapping[str, bool]
    """By process: whether its last reload of the overrides succeeded."""
    deletes: Mapping[str, tuple[DeleteRequest, ...]]
    compactors: tuple[Compactor, ...]
    """Compactors that answer."""
    ring: tuple[str, ...]
    """The ACTIVE members of the compactor ring."""
    ingesters: tuple[Ingester, ...]
    silent: tuple[tuple[str, str], ...] = ()
    """(process, reason): processes that did not answer."""
    heard: bool = True
    """Whether a compactor reported its delete requests. No requests and no answer are not the same."""


@dataclass
class _Processes:
    """Sends requests to processes and collects the reasons of those that do not answer."""

    retry_for_s: float
    silent: dict[str, str] = field(default_factory=dict)

    def ask(self, process: str, url: str, request: Callable[[LokiClient], Value]) -> Value | None:
        """Return the answer, or None if the process does not answer, which is recorded."""
        try:
            with LokiClient(url, connect_timeout=2.0, read_timeout=_TIMEOUT_S, retry_for=self.retry_for_s) as client:
                return request(client)
        except (LokiError, ValueError) as error:
            self.silent[process] = str(error)
            return None


def read_loki_state(
    platform: ReadablePlatform, cluster: str, tenants_with_chunks: Iterable[str] = (), retry_for_s: float = 5.0
) -> LokiState:
    """Ask every process of a cluster that knows something about its storage.

    Never raises: processes that do not answer are in `silent`.

    tenants_with_chunks   declared or not: any of them may have delete requests
    retry_for_s           how long a request is repeated if a process does not answer
    """
    urls = platform.urls(cluster)
    parts = {name: component_of(name, cluster) for name in urls}
    processes = _Processes(retry_for_s)
    compacting = [name for name in urls if parts[name] in _COMPACTS]
    relevant = [name for name in urls if parts[name] in {*_COMPACTS, *_INGESTS}]
    with ThreadPoolExecutor(8) as threads:
        answers = threads.map(lambda name: processes.ask(name, urls[name], LokiClient.metrics), relevant)
        metrics = {name: page for name, page in zip(relevant, answers, strict=True) if page is not None}
    tenants = list(platform.environment.clusters[cluster].tenants)
    # Any process has the limits; the compactor is the one that deletes by them.
    answering = [name for name in (*compacting, *relevant) if name in metrics][:1]
    limits: dict[str, TenantRules] = {}
    for name in answering:
        limits = processes.ask(name, urls[name], lambda client: dict(_limits(client, tenants))) or {}
    deletes: dict[str, tuple[DeleteRequest, ...]] | None = None
    ring: list[RingMember] = []
    may_have_deletes = sorted({*tenants, *tenants_with_chunks})
    for name in (name for name in compacting if name in metrics):
        # All of them read the same requests from the bucket.
        requests = processes.ask(name, urls[name], lambda client: dict(_deletes(client, may_have_deletes)))
        deletes = deletes if requests is None else requests
        ring = processes.ask(name, urls[name], lambda client: client.ring(Ring.COMPACTOR)) or ring
    return LokiState(
        limits=limits,
        reloaded={
            name: total(page, "loki_runtime_config_last_reload_successful") != 0 for name, page in metrics.items()
        },
        deletes=deletes or {},
        compactors=tuple(_compactor(name, metrics[name]) for name in compacting if name in metrics),
        ring=tuple(member.id for member in ring if member.state == "ACTIVE"),
        ingesters=_watched(
            [_ingester(name, page) for name, page in metrics.items() if parts[name] in _INGESTS],
            lambda name: processes.ask(name, urls[name], LokiClient.metrics),
        ),
        silent=tuple(processes.silent.items()),
        heard=deletes is not None or not compacting,
    )


def _watched(ingesters: list[Ingester], ask: Callable[[str], list[Metric] | None]) -> tuple[Ingester, ...]:
    """Ask ingesters with failed uploads again, until they succeed or fail once more."""
    doubtful = {ingester.name: ingester for ingester in ingesters if ingester.failed_uploads}
    failing: set[str] = set()
    deadline = time.monotonic() + _WATCHED_S
    while doubtful and time.monotonic() < deadline:
        time.sleep(1)
        for name, before in list(doubtful.items()):
            now = ask(name)
            after = _ingester(name, now) if now is not None else before
            if after.uploads > before.uploads:
                del doubtful[name]
            elif after.failed_uploads > before.failed_uploads:
                failing.add(name)
                del doubtful[name]
    return tuple(replace(ingester, failing=ingester.name in failing) for ingester in ingesters)


def _limits(client: LokiClient, tenants: list[str]) -> Iterator[tuple[str, TenantRules]]:
    for tenant in tenants:
        yield tenant, rules_of_limits(client.tenant_limits(tenant))


def _deletes(client: LokiClient, tenants: list[str]) -> Iterator[tuple[str, tuple[DeleteRequest, ...]]]:
    for tenant in tenants:
        try:
            yield tenant, tuple(client.delete_requests(tenant))
        except LokiRefusedError as error:
            # deletion_mode: disabled, or not a valid tenant name: there can be no requests.
            if error.status not in (400, 403):
                raise


def _compactor(name: str, metrics: list[Metric]) -> Compactor:
    def value(metric: str) -> float:
        return total(metrics, metric) or 0.0

    def shipper(metric: str) -> float:
        """Return the value of a metric that Loki 4 renames."""
        return value(f"{LOKI_3_SHIPPER}{metric}") or value(f"{LOKI_4_SHIPPER}{metric}")

    return Compactor(
        name=name,
        running=shipper("compactor_running") > 0,
        started=value("process_start_time_seconds"),
        compacted=shipper("compact_tables_operation_last_successful_run_timestamp_seconds"),
        retained=value("loki_compactor_apply_retention_last_successful_run_timestamp_seconds"),
        marker_files=int(shipper("retention_sweeper_marker_files_current")),
        marker_time=shipper("retention_sweeper_marker_file_processing_current_time"),
    )


def _ingester(name: str, metrics: list[Metric]) -> Ingester:
    uploads = "loki_tsdb_shipper_tables_upload_operation_total"
    return Ingester(
        name=name,
        started=total(metrics, "process_start_time_seconds") or 0.0,
        flushed=int(total(metrics, "loki_ingester_chunks_flushed_total") or 0),
        built=total(metrics, "loki_tsdb_build_index_last_successful_timestamp_seconds") or 0.0,
        uploads=int(total(metrics, uploads, status="success") or 0),
        failed_uploads=int(total(metrics, uploads, status="failure") or 0),
    )


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
