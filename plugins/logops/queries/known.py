"""The labels that an environment's sources have, for the linter."""

from collections.abc import Iterable

from logops.environment import Environment
from logops.logql.lint.advice import Context, Source

_OPEN = ("event-hub", "pods")
"""Kinds of sources that may have labels that the environment does not name."""


def context(environment: Environment, step_ns: int | None = None) -> Context:
    return Context(step_ns, sources=tuple(known(environment, name) for name in environment.sources))


def of_tenant(environments: Iterable[Environment], cluster: str, tenant: str) -> tuple[Source, ...]:
    """Return the sources of a tenant in all environments."""
    return tuple(
        known(environment, name)
        for environment in environments
        for name, source in environment.sources.items()
        if source.cluster == cluster and tenant in source.tenants
    )


def known(environment: Environment, name: str) -> Source:
    """Return the labels and the structured metadata of a source, with the fixed labels of its agent."""
    source = environment.sources[name]
    agents = [agent for agent in environment.agents.values() if name in agent.sources]
    return Source(
        fixed={**{label: value for agent in agents for label, value in agent.labels.items()}, **source.labels},
        varying=frozenset(source.varying_labels),
        metadata=frozenset(source.parse.structured_metadata),
        open=source.kind in _OPEN,
    )
