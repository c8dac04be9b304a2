"""What the environment tells the linter of the labels of its lines."""

from collections.abc import Iterable

from logops.environment import Environment, agents
from logops.logql.advice import Context, Source

ADDED = {"file": {"filename"}, "syslog": {"host", "app"}, "journal": {"unit", "host"}}
"""By the agents, beside what a source declares (`render.promtail`); a kind that is not here may add any."""


def context(environment: Environment, step_ns: int | None = None) -> Context:
    return Context(step_ns, sources=tuple(map(known, environment.sources.values())))


def of_tenant(environments: Iterable[Environment], cluster: str, tenant: str) -> tuple[Source, ...]:
    """Whose lines it has, in any of them."""
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
