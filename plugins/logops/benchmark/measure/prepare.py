"""Prepare the library's queries for one environment."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from logops.benchmark.measure.configuration import configuration
from logops.clients.loki import LokiClient, LokiError
from logops.logql.tree import Query
from logops.platforms.platform import ReadablePlatform
from logops.queries.fill import fill
from logops.queries.model import LibraryQuery

READ_TIMEOUT_S = 300.0


@dataclass(frozen=True)
class PreparedQuery:
    """A query of the library, with its target."""

    client: LokiClient
    declared: LibraryQuery
    query: Query
    configuration: str


@dataclass(frozen=True)
class Side:
    """One of the measured environments."""

    environment: str
    queries: Mapping[str, PreparedQuery]


def prepare_queries(platform: ReadablePlatform, library: Mapping[str, LibraryQuery], clients: ExitStack) -> Side:
    """Prepare the queries. Connections are closed with `clients`. Raises LokiError if a cluster does not report its
    configuration."""

    def open_client(cluster: str) -> LokiClient:
        client = LokiClient(platform.read_url(cluster), retry_for=0, read_timeout=READ_TIMEOUT_S)
        return clients.enter_context(client)

    at = {cluster: open_client(cluster) for cluster in sorted({query.cluster for query in library.values()})}
    digests: dict[tuple[str, str], str] = {}
    for cluster in at:
        tenants = sorted({query.tenant for query in library.values() if query.cluster == cluster})
        digests |= {(cluster, tenant): entry for tenant, entry in _digests(platform, cluster, tenants).items()}
    queries = {
        name: PreparedQuery(at[entry.cluster], entry, fill(entry, entry.example), digests[entry.cluster, entry.tenant])
        for name, entry in library.items()
    }
    return Side(platform.environment.name, queries)


def _digests(platform: ReadablePlatform, cluster: str, tenants: Sequence[str]) -> dict[str, str]:
    """Return the digest of each tenant's configuration, from the first process of the cluster that reports it: the
    address for users may only serve queries (finding `gateway-open`). Raises LokiError."""
    refused = LokiError(f"Reading the configuration of cluster {cluster}: it has no process with an address.")
    for url in platform.urls(cluster).values():
        try:
            with LokiClient(url, retry_for=0) as process:
                config = process.config()
                limits = {tenant: process.tenant_limits(tenant) for tenant in tenants}
        except LokiError as error:
            refused = error
            continue
        declared = platform.environment.clusters[cluster]
        return {tenant: configuration(declared, config, tenant_limits) for tenant, tenant_limits in limits.items()}
    raise refused
