"""Do agents and Loki pass every line on? By their own counters."""

from collections.abc import Iterator
from math import ceil

from logops.findings import Finding, Subject
from logops.findings.classes.quality import AGENT_DOWN, SAMPLES_DISCARDED
from logops.number_text import count_text, plural
from logops.platforms.platform import component_of
from logops.quality.context import Context, agent_processes
from logops.quality.counters import DISCARDED, Counter


def agents_down(context: Context) -> Iterator[Finding]:
    """Yield the agents that do not answer."""
    for process, (cluster, sources) in agent_processes(context.environment).items():
        if reason := context.measured.silent_processes.get(process):
            yield Finding(
                AGENT_DOWN,
                Subject(context.environment.name, cluster, path=process),
                f"Agent process {process} does not answer: {reason} It ships {plural(len(sources), 'source')} "
                f"{', '.join(sources)}.",
                context.request.as_of,
                {"sources": ", ".join(sources)},
            )


def discarded_samples(context: Context) -> Iterator[Finding]:
    """Yield the tenants whose lines Loki refused since the last run, with the reasons."""
    for cluster, tenant, counts in _discarded(context):
        sources = [
            name
            for name, source in context.environment.sources.items()
            if (source.cluster, source.tenant) == (cluster, tenant)
        ]
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(counts.items()))
        whose = f" Its {plural(len(sources), 'source')}: {', '.join(sources)}." if sources else ""
        yield Finding(
            SAMPLES_DISCARDED,
            Subject(context.environment.name, cluster, tenant, source=sources[0] if len(sources) == 1 else ""),
            f"Loki refused {count_text(sum(counts.values()), 'line')} of tenant {tenant} since the last run: "
            f"{reasons}.{whose}",
            context.request.as_of,
            {"lines": sum(counts.values()), "reasons": ", ".join(sorted(counts))},
        )


def _discarded(context: Context) -> Iterator[tuple[str, str, dict[str, int]]]:
    """Yield cluster, tenant, and the number of refused lines by reason.

    Each ingester that should store a line counts its refusal, so their sum is divided by the number of copies.
    """
    lines: dict[tuple[str, str], dict[str, float]] = {}
    for counter in context.increases:
        if counter.name == DISCARDED and counter.value:
            reasons = lines.setdefault((counter.cluster, counter.label("tenant")), {})
            reason = counter.label("reason")
            reasons[reason] = reasons.get(reason, 0) + counter.value / _copies(context, counter)
    for (cluster, tenant), reasons in sorted(lines.items()):
        yield cluster, tenant, {reason: ceil(count) for reason, count in reasons.items()}


def _copies(context: Context, counter: Counter) -> int:
    is_ingester = component_of(counter.process, counter.cluster) == "ingester"
    return context.environment.clusters[counter.cluster].replication_factor if is_ingester else 1
