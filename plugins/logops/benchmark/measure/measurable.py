"""Select the queries that can be measured: their cluster and tenant exist."""

from collections.abc import Mapping, Sequence

from logops.environment import Environment
from logops.errors import LogopsError
from logops.platforms.platform import ReadablePlatform
from logops.queries.model import LibraryQuery


class NotMeasurableError(LogopsError):
    """The cluster or tenant of a selected query, or of every query, does not exist."""


def measurable(
    platforms: Sequence[ReadablePlatform], library: Mapping[str, LibraryQuery], by_name: bool
) -> dict[str, LibraryQuery]:
    """Return the queries whose cluster and tenant exist on every platform. If selected by name, all of `library` must.

    Raises NotMeasurableError.
    """
    here = {
        name: query
        for name, query in library.items()
        if all(is_measurable(platform.environment, query) for platform in platforms)
    }
    missing = [name for name in library if name not in here]
    if missing and (by_name or not here):
        first, places = library[missing[0]], " and ".join(platform.environment.name for platform in platforms)
        raise NotMeasurableError(
            f"Measuring {', '.join(missing)} in {places}: {missing[0]} is for tenant {first.tenant} of cluster "
            f"{first.cluster}, which is not there. The environment's file names its clusters and tenants, "
            "include/logql/ those of each query."
        )
    return here


def is_measurable(environment: Environment, query: LibraryQuery) -> bool:
    """Whether the environment has the query's cluster and tenant."""
    cluster = environment.clusters.get(query.cluster)
    return cluster is not None and query.tenant in cluster.tenants
