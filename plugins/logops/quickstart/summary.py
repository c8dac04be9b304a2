"""Count what is stored: lines in Loki, objects in the storage accounts."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from logops.clients.blob_storage import ObjectStoreError
from logops.clients.loki import LokiClient, LokiError, nanoseconds
from logops.number_text import size_text
from logops.platforms.platform import DeployablePlatform
from logops.quickstart.airflow_config import USER
from logops.quickstart.audits import Audited, widest
from logops.quickstart.delivery import DAG as ALERTS
from logops.quickstart.drift import DAG as DRIFT
from logops.quickstart.measured import DAG as BENCHMARK
from logops.quickstart.measured import BenchmarkSummary
from logops.quickstart.quality import DAG as QUALITY
from logops.quickstart.quality import QualitySummary
from logops.toolchain.progress_board import duration

_EVERY_STREAM = '{job=~".+"}'
_DAY = timedelta(days=1)
LOGOPS = ".logops/venv/bin/logops"
"""The command, from the folder in which `make up` runs."""


@dataclass(frozen=True)
class TenantLines:
    """The number of lines that a tenant's queries find."""

    cluster: str
    tenant: str
    lines: int | None
    """None if Loki did not answer."""


@dataclass(frozen=True)
class ContainerUse:
    """The content of a container."""

    account: str
    container: str
    objects: int | None
    """None if the account did not answer."""
    size: int
    """Bytes."""


@dataclass(frozen=True)
class Took:
    """Times since the start of `make up`, in seconds."""

    until_logs_flow_s: float
    """Until the platform was verified and the sample logs had started."""
    in_all_s: float


@dataclass(frozen=True)
class Checks:
    """The results of the DAGs that `make up` ran. None: it is paused, or there is nothing to check."""

    audits: Sequence[Audited]
    measured: BenchmarkSummary | None
    quality: QualitySummary | None
    drift: str | None
    """In one line."""
    alerts: str | None
    """In one line."""


def tenant_lines(platform: DeployablePlatform, since: date, as_of: datetime) -> list[TenantLines]:
    """Count every tenant's lines since the start of a day (UTC), with one query per day.

    One query for all days would be wrong: ingesters list what they wrote for twenty minutes
    (shipperQuerierIndexUpdateDelay in pkg/loki/modules.go), including expired chunks that are already deleted. If
    the first chunk of a series is missing, Loki skips the other chunks that it loads with it (filterSeriesByMatchers
    in pkg/storage/batch.go). A day that is kept has no expired chunk.
    """
    tenants = [(name, tenant) for name, cluster in platform.environment.clusters.items() for tenant in cluster.tenants]
    # A day's lines are those before its end.
    first, last = (datetime.combine(day, time.min, UTC) + _DAY for day in (since, as_of.date()))

    def count(cluster_and_tenant: tuple[str, str]) -> TenantLines:
        cluster, tenant = cluster_and_tenant
        try:
            with LokiClient(platform.read_url(cluster)) as client:
                series, _ = client.measured_range(
                    tenant,
                    f"sum(count_over_time({_EVERY_STREAM}[1d]))",
                    nanoseconds(first),
                    nanoseconds(last),
                    int(_DAY.total_seconds()),
                    fresh=True,
                )
        except LokiError:
            return TenantLines(cluster, tenant, None)
        return TenantLines(cluster, tenant, sum(int(lines) for each in series for _, lines in each.points))

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(count, tenants))


def containers_used(platform: DeployablePlatform) -> list[ContainerUse]:
    """Count the objects in every container of the environment's accounts."""
    used: list[ContainerUse] = []
    for name, account in platform.environment.storage_accounts.items():
        with platform.object_store(name) as store:
            for container in account.containers:
                try:
                    objects, size = store.usage(container)
                    used.append(ContainerUse(name, container, objects, size))
                except ObjectStoreError:
                    used.append(ContainerUse(name, container, None, 0))
    return used


def rendered(
    platform: DeployablePlatform,
    tenants: Sequence[TenantLines],
    since: date,
    containers: Sequence[ContainerUse],
    checks: Checks,
    airflow_url: str,
    password: str,
    took: Took,
) -> Group:
    """Return the last output of `make up`.

    since   the tenants' lines are counted since the start of this day

    The password is printed on purpose: it opens a page that only this machine can reach.
    """
    name = platform.environment.name
    doors = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    doors.add_row("Airflow", airflow_url)
    doors.add_row("", f"user {USER}, password {password}")
    doors.add_row("The page", f"{airflow_url}/logops-page/{name}")
    for cluster in platform.environment.clusters:
        doors.add_row(f"Loki {cluster}", f"queries {platform.read_url(cluster)}")
        doors.add_row("", f"pushes  {platform.write_url(cluster)}")
    lines = Table("cluster", "tenant", f"lines since {since}", box=None, padding=(0, 2, 0, 0), header_style="bold")
    lines.columns[2].justify = "right"
    for tenant_row in tenants:
        lines.add_row(
            tenant_row.cluster,
            tenant_row.tenant,
            f"{tenant_row.lines:,}" if tenant_row.lines is not None else "not counted",
        )
    used = Table("account", "container", "objects", "size", box=None, padding=(0, 2, 0, 0), header_style="bold")
    used.columns[2].justify = used.columns[3].justify = "right"
    for use in containers:
        objects = f"{use.objects:,}" if use.objects is not None else "not counted"
        used.add_row(use.account, use.container, objects, size_text(use.size))
    return Group(
        Text(
            f"\n{name} is up: logs flowed after {duration(took.until_logs_flow_s)}, "
            f"all checks ended after {duration(took.in_all_s)}.\n",
            style="bold green",
        ),
        doors,
        Text(),
        lines,
        Text(),
        used,
        *_audited(checks.audits),
        *(_measured(checks.measured) if checks.measured else []),
        *(_arriving(checks.quality) if checks.quality else []),
        *([Text(f"{DRIFT}  {checks.drift}")] if checks.drift else []),
        *([Text(f"{ALERTS}  {checks.alerts}")] if checks.alerts else []),
        Text("\nNext"),
        Text(f"  {airflow_url}/logops-page/{name}   is every promise kept, what is wrong, what to do"),
        Text(f"  {airflow_url}   every rollout, audit and benchmark, task by task"),
        Text(f"  {LOGOPS} status {name}   every process: ready, memory, version"),
        Text(f"  {LOGOPS} quality show {name}   every source: silent, malformed, lost"),
        Text(f"  {LOGOPS} audit explain {name}   tables by phase; what blocks them"),
        Text("  make drill   break something on purpose, see the finding and the alert, see it repaired"),
        Text("\nmake down stops everything; stored logs stay."),
    )


def _measured(measured: BenchmarkSummary) -> list[RenderableType]:
    """Show the speed of each query of the library, and its findings."""
    columns, *rows = measured.queries
    queries = _narrow(columns)
    queries.columns[0].no_wrap = True
    for column in queries.columns[2:-1]:
        column.justify = "right"
    for row in rows:
        queries.add_row(*row)
    headline = Text(f"{BENCHMARK}  {measured.headline}", style="red" if measured.findings else "green")
    return [Text(), queries, Text(), headline, *(Text(f"  {finding}") for finding in measured.findings)]


def _arriving(quality: QualitySummary) -> list[RenderableType]:
    """Show what each source delivered."""
    columns, *rows = (
        [row[at] for at in range(len(row)) if quality.sources[0][at] != "tenant"] for row in quality.sources
    )
    sources = _narrow(columns)
    for column in sources.columns[3:]:
        column.justify = "right"
    for row in rows:
        sources.add_row(*row)
    return [
        Text(),
        sources,
        Text(),
        Text(f"{QUALITY}  {quality.headline}", style="red" if quality.has_findings else "green"),
    ]


def _audited(audits: Sequence[Audited]) -> list[RenderableType]:
    """Show what both audits looked at, per tenant, and their findings."""
    if (most := widest(audits)) is None:
        return []
    # All end today.
    shown = [at for at, name in enumerate(most.tenants[0]) if name != "to"]
    columns, *rows = ([row[at] for at in shown] for row in most.tenants)
    tables = _narrow(columns)
    for column, name in zip(tables.columns, columns, strict=True):
        column.justify = "right" if name in ("tables", "chunks", "size", "findings") else "left"
        column.no_wrap = name != "phases"
    for row in rows:
        tables.add_row(*row)
    lines = [
        line
        for audit in audits
        for line in (
            Text(f"{audit.dag}  {audit.headline}", style="red" if audit.findings else "green"),
            *(Text(f"  {finding}") for finding in audit.findings),
        )
    ]
    return [Text(), tables, Text(), *lines]


def _narrow(columns: Sequence[str]) -> Table:
    """A table that must fit into 80 columns."""
    return Table(*columns, box=None, padding=(0, 1, 0, 0), header_style="bold")
