"""Which queries can be measured: those whose cluster and tenant are there."""

from collections.abc import Mapping, Sequence

from logops.platforms.platform import Platform
from logops.queries.model import LibraryQuery


class NothingToMeasure(Exception):
    """A query that was asked for by its name, or every query, is for a cluster or tenant that is not there."""


def measurable(
    platforms: Sequence[Platform], library: Mapping[str, LibraryQuery], by_name: bool
) -> dict[str, LibraryQuery]:
    """Those whose cluster and tenant every platform has: all of `library`, where they were asked for by name.

    Raises NothingToMeasure.
    """
    here = {name: query for name, query in library.items() if all(_has(one, query) for one in platforms)}
    missing = [name for name in library if name not in here]
    if missing and (by_name or not here):
        first = library[missing[0]]
        places = " and ".join(one.environment.name for one in platforms)
        raise NothingToMeasure(
            f"Measuring {', '.join(missing)} in {places}: {missing[0]} is for tenant {first.tenant} of cluster "
            f"{first.cluster}, which is not there. The environment's file names its clusters and tenants, "
            f"include/logql/ those of each query."
        )
    return here


def _has(platform: Platform, query: LibraryQuery) -> bool:
    cluster = platform.environment.clusters.get(query.cluster)
    return cluster is not None and query.tenant in cluster.tenants
