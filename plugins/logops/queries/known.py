"""What the environment tells the linter of the labels of its lines."""

from logops.environment import Environment
from logops.logql.advice import Context

ADDED = {"file": {"filename"}, "syslog": {"host", "app"}, "journal": {"unit", "host"}}
"""By the agents, beside what a source declares (`render.promtail`); a kind that is not here may add any."""


def context(environment: Environment, step_ns: int | None = None) -> Context:
    """`labels` stays unknown where a source may bring labels that nobody declared."""
    sources = environment.sources.values()
    metadata = frozenset(name for source in sources for name in source.parse.structured_metadata)
    if not sources or any(source.kind not in ADDED for source in sources):
        return Context(step_ns, metadata)
    labels = {
        name for source in sources for name in (*source.labels, *source.parse.labels, *ADDED.get(source.kind, ()))
    }
    return Context(step_ns, metadata, frozenset(labels))
