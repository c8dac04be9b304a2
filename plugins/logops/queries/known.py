"""The labels that an environment's sources have, for the linter."""

from collections.abc import Iterable

from logops.environment import Environment, agents
from logops.logql.advice import Context, Source

ADDED = {"file": {"filename"}, "syslog": {"host", "app"}, "journal": {"unit", "host"}}
"""Labels that the agents add to those of the source (`render.promtail`). Other kinds may add any."""


def context(environment: Environment, step_ns: int | None = None) -> Context:
    return Context(step_ns, sources=tuple(map(known, environment.sources.values())))


def of_tenant(environments: Iterable[Environment], cluster: str, tenant: str) -> tuple[Source, ...]:
    """Return the sources of a tenant in all environments."""
    return tuple(
        known(source)
        for environment in environments
        for source in environment.sources.values()
        if (source.cluster, source.tenant) == (cluster, tenant)
    )


def known(source: agents.Source) -> Source:
    parse = source.parse
    return Source(
        fixed=source.labels,
        varying=frozenset(parse.labels) | ADDED.get(source.kind, set()),
        metadata=frozenset(parse.structured_metadata),
        open=source.kind not in ADDED,
    )
