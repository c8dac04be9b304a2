"""Count the lines of each tenant that a query finds, and read the counters before and after."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from logops.clients.loki import LokiClient, LokiError, LokiRefusedError
from logops.environment import Environment
from logops.platforms.platform import ReadablePlatform, component_of
from logops.quality.balance import (
    BUCKET,
    LATE,
    OLDEST,
    EarlierStored,
    Owner,
    StoredCount,
    all_streams,
    counts_every_stream,
    tenant_balances,
)
from logops.quality.budgeted import BudgetedQueries
from logops.quality.counters import FLUENT_BIT, Counter, counters_of
from logops.quality.measured import Measured, NotMeasured
from logops.quality.request import QualityRequest
from logops.render.addresses import kubernetes_write_url
from logops.render.agents.fluent_bit.outputs import loki_output_name

FUTURE = timedelta(minutes=15)
"""Loki accepts lines that are up to 10 minutes early (limits_config.creation_grace_period)."""
_READ_TIMEOUT_S = 60.0
_FLUENT_BIT_METRICS = "/api/v2/metrics/prometheus"


def read_and_count(
    platform: ReadablePlatform,
    request: QualityRequest,
    earlier: EarlierStored | None,
    measured: Measured,
    report_progress: Callable[[str], None],
) -> None:
    """Read the counters of all processes, count the lines of each tenant, and read the distributors again.

    This order makes the comparison in `balance` exact. A tenant whose lines are missing is counted again, with the
    lines of a whole day: late lines may be as old as that.
    """
    environment = platform.environment
    for cluster in environment.clusters:
        report_progress(f"reading the counters of cluster {cluster}")
        distributors = platform.distributor_urls(cluster)
        urls = {**platform.urls(cluster), **platform.agent_urls(cluster)}
        measured.counters += _read(cluster, distributors, measured)
        fluent_bit = tuple(
            f"{name}-{cluster}" for name, agent in environment.agents.items() if agent.kind == "fluent-bit"
        )
        others = {name: url for name, url in urls.items() if name not in distributors}
        measured.counters += _of_cluster(environment, cluster, _read(cluster, others, measured, fluent_bit))
        owners = [(cluster, tenant) for tenant in environment.clusters[cluster].tenants]
        for owner in owners:
            if counts_every_stream(environment, owner):
                report_progress(f"counting all lines of tenant {owner[1]}")
                _count(platform, request, owner, (earlier.as_of if earlier else request.as_of) - LATE, measured)
        later = _read(cluster, distributors, measured)
        if earlier:
            counted = [owner for owner in owners if owner in measured.stored]
            for balance in tenant_balances(
                environment, counted, measured.stored, measured.counters, later, earlier, request.as_of
            ):
                if balance.is_short:
                    report_progress(f"counting late lines of tenant {balance.tenant}")
                    owner = (balance.cluster, balance.tenant)
                    _count(platform, request, owner, request.as_of - OLDEST, measured, asks_for_deletes=True)
                    # The next run compares with this count, so its interval begins after it.
                    later = _read(cluster, distributors, measured)
        measured.later_counters += later


def _of_cluster(environment: Environment, cluster: str, counters: list[Counter]) -> list[Counter]:
    """Return the counters without those for other clusters: on Kubernetes, one agent sends to several clusters."""
    if environment.platform.kind != "kubernetes":
        return counters
    host = urlsplit(kubernetes_write_url(environment, cluster)).netloc
    of_others = {
        label
        for name, source in environment.sources.items()
        if source.cluster != cluster
        for label in (name, loki_output_name(name))
    }
    return [
        counter
        for counter in counters
        if counter.label("host") in ("", host)
        and (counter.name not in FLUENT_BIT or counter.label("name") not in of_others)
    ]


def _read(cluster: str, urls: Mapping[str, str], measured: Measured, fluent_bit: tuple[str, ...] = ()) -> list[Counter]:
    """Read the counters of processes.

    fluent_bit   how the names of processes begin that serve their metrics at another path
    """
    counters = []
    for process, url in urls.items():
        try:
            with LokiClient(url, connect_timeout=2, read_timeout=5, retry_for=2) as client:
                path = _FLUENT_BIT_METRICS if fluent_bit and process.startswith(fluent_bit) else "/metrics"
                counters += counters_of(cluster, process, client.metrics(path))
        except LokiError as error:
            measured.silent_processes[process] = str(error)
    return counters


def _count(
    platform: ReadablePlatform,
    request: QualityRequest,
    owner: Owner,
    since: datetime,
    measured: Measured,
    asks_for_deletes: bool = False,
) -> None:
    """Count the lines of a tenant since a moment. If it fails, the reason is in `not_measured`."""
    cluster, tenant = owner
    lines = all_streams()
    step_s = int(BUCKET.total_seconds())
    first = datetime.fromtimestamp(since.timestamp() // step_s * step_s, UTC)
    last = datetime.fromtimestamp((request.as_of + FUTURE).timestamp() // step_s * step_s, UTC)
    try:
        with LokiClient(platform.read_url(cluster), retry_for=5, read_timeout=_READ_TIMEOUT_S) as client:
            queries = BudgetedQueries(
                client, tenant, measured.cost, platform.environment.clusters[cluster].replication_factor
            )
            queries.refuse_if_too_expensive(str(lines), first, request.as_of)
            counts = {first + BUCKET * number: 0 for number in range(1, int((last - first) / BUCKET) + 1)}
            query = lines.count_over_time(f"{step_s}s").sum()
            for series in queries.at_steps(str(query), first + BUCKET, last, step_s):
                for at_ns, value in series.points:
                    counts[datetime.fromtimestamp(at_ns // 10**9, UTC)] = int(value)
        hidden = False
        if asks_for_deletes:
            hidden = any(_has_deletes(url, tenant, first) for url in _compactors(platform, cluster))
        measured.stored[owner] = StoredCount(counts, hidden)
    except LokiError as error:
        measured.stored.pop(owner, None)
        reason = f"counting all stored lines: {error}"
        measured.not_measured.append(NotMeasured(cluster, tenant, (), reason))


def _compactors(platform: ReadablePlatform, cluster: str) -> list[str]:
    return [url for name, url in platform.urls(cluster).items() if component_of(name, cluster) in ("compactor", "all")]


def _has_deletes(compactor_url: str, tenant: str, since: datetime) -> bool:
    """Whether a delete request hides lines since a moment."""
    with LokiClient(compactor_url, retry_for=2) as client:
        try:
            return any(request.end_time >= since.timestamp() for request in client.delete_requests(tenant))
        except LokiRefusedError as error:
            # deletion_mode: disabled.
            if error.status in (400, 403):
                return False
            raise
