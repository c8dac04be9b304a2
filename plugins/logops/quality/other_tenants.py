"""Look for the lines of silent sources in the other tenants of their cluster: somebody may send them to a wrong one.

Only the index is asked, once for each tenant, and only if a source is silent. Another cluster is never asked: other
people may own its tenants.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from logops.clients.loki import LokiClient, LokiError, nanoseconds
from logops.environment import Environment
from logops.environment.sources import Source
from logops.logql.build import stream
from logops.platforms.platform import ReadablePlatform
from logops.quality.counters import RECEIVED, Counter
from logops.quality.measured import Labels, Measured
from logops.quality.request import QualityRequest

MOST_TENANTS = 10
"""Tenants of a cluster that are asked, those with the most lines first."""


def find_other_tenants(
    platform: ReadablePlatform,
    request: QualityRequest,
    silent: Iterable[str],
    measured: Measured,
    report_progress: Callable[[str], None],
) -> None:
    """Set `arrives_in` of silent sources whose lines arrived in another tenant within the window. Raises nothing."""
    environment = platform.environment
    by_cluster: dict[str, list[str]] = {}
    for name in silent:
        by_cluster.setdefault(environment.sources[name].cluster, []).append(name)
    for cluster, names in by_cluster.items():
        report_progress(f"looking for the lines of silent sources in the other tenants of cluster {cluster}")
        with LokiClient(platform.read_url(cluster), retry_for=5) as client:
            for tenant in tenants_to_ask(environment, cluster, measured.counters):
                others = [name for name in names if environment.sources[name].tenant != tenant]
                if not others:
                    continue
                selectors = [str(stream(dict(environment.sources[name].labels))) for name in others]
                measured.cost.queries += 1
                try:
                    streams = client.series(tenant, selectors, nanoseconds(request.start), nanoseconds(request.as_of))
                except LokiError:
                    # Not its reason: it may name fields of a line.
                    report_progress(f"not all tenants of cluster {cluster} were searched: Loki did not list streams")
                    break
                for name in sources_in(environment, tenant, others, streams):
                    measured.sources[name].arrives_in.append(tenant)


def tenants_to_ask(environment: Environment, cluster: str, counters: Sequence[Counter]) -> list[str]:
    """Return the tenants of a cluster that may have lines of a silent source, those with the most lines first.

    counters   tell which tenants the distributors received lines of, also if nobody declared them

    A tenant that only clusters for other people declare is left out: its name is theirs.
    """
    declared = environment.clusters[cluster]
    received: dict[str, float] = {}
    for counter in counters:
        if counter.cluster == cluster and counter.name == RECEIVED:
            tenant = counter.label("tenant")
            received[tenant] = received.get(tenant, 0) + counter.value
    hidden = {
        tenant
        for other in environment.clusters.values()
        if other.data != declared.data
        for tenant in other.tenants
        if tenant not in declared.tenants
    }
    tenants = [name for name in {**received, **declared.tenants} if name and name not in hidden]
    return sorted(tenants, key=lambda name: (-received.get(name, 0), name))[:MOST_TENANTS]


def sources_in(environment: Environment, tenant: str, names: Sequence[str], streams: Sequence[Labels]) -> Iterator[str]:
    """Yield the sources that have streams in a tenant. A stream of a source that is declared there is not theirs."""
    for name in names:
        source = environment.sources[name]
        residents = [
            other
            for other in environment.sources.values()
            if other.cluster == source.cluster and other.labels and tenant in other.tenants
        ]
        if any(
            _matches(source, labels) and not any(_matches(resident, labels) for resident in residents)
            for labels in streams
        ):
            yield name


def _matches(source: Source, labels: Mapping[str, str]) -> bool:
    return all(labels.get(label) == value for label, value in source.labels.items())
