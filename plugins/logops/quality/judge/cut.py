"""Are lines cut because they are too long? By the counters of agents and of Loki."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from logops.findings import Finding, Subject
from logops.findings.classes.quality import LINES_CUT
from logops.number_text import count_text, plural
from logops.quality.context import Context, agent_processes
from logops.quality.counters import CUT_BY_AGENTS, CUT_BY_LOKI, Counter
from logops.quality.limits import limits_text

_OF_LINES = ("line_too_long", "line", "")
"""`reason` of Loki and Promtail, `field` of Alloy, which count other fields too. Fluent Bit counts lines only."""


def lines_cut_by_loki(context: Context) -> Iterator[Finding]:
    """Yield the tenants whose lines Loki cut since the last run."""
    for cluster, declared in context.environment.clusters.items():
        counters = [each for each in context.increases if each.cluster == cluster and each.name == CUT_BY_LOKI]
        for tenant, lines in _by_tenant(counters).items():
            sources = [
                name
                for name, source in context.environment.sources.items()
                if (source.cluster, source.tenant) == (cluster, tenant)
            ]
            subject = Subject(context.environment.name, cluster, tenant)
            limit = limits_text("line_too_long", declared, tenant)
            yield _finding(context, subject, "Loki", lines, limit, sources)


def lines_cut_by_agents(context: Context) -> Iterator[Finding]:
    """Yield the agents that cut lines since the last run. Promtail counts each tenant."""
    for process, (cluster, shipped) in agent_processes(context).items():
        counters = [each for each in context.increases if each.process == process and each.name in CUT_BY_AGENTS]
        for tenant, lines in _by_tenant(counters).items():
            inputs = {counter.label("name") for counter in counters if counter.value}
            sources = [
                name for name in shipped if name in inputs or context.environment.sources[name].tenant == tenant
            ] or shipped
            subject = Subject(context.environment.name, cluster, tenant, path=process)
            yield _finding(context, subject, f"Agent process {process}", lines, _limit(context, shipped), sources)


def _by_tenant(counters: Iterable[Counter]) -> Mapping[str, int]:
    lines: dict[str, float] = {}
    for counter in counters:
        if counter.value and (counter.label("reason") or counter.label("field")) in _OF_LINES:
            lines[counter.label("tenant")] = lines.get(counter.label("tenant"), 0) + counter.value
    return {tenant: int(count) for tenant, count in sorted(lines.items())}


def _limit(context: Context, shipped: Sequence[str]) -> str:
    """Return the declared limit of the agent that ships some sources."""
    for name, agent in context.environment.agents.items():
        if set(shipped) <= set(agent.sources):
            return f"agents.{name}.max_line_size is {agent.max_line_size or 'not set'}"
    return "no agent with these sources is declared"


def _finding(context: Context, subject: Subject, who: str, lines: int, limit: str, sources: Sequence[str]) -> Finding:
    of_tenant = f" of tenant {subject.tenant}" if subject.tenant else ""
    whose = f" Its {plural(len(sources), 'source')}: {', '.join(sources)}." if sources else ""
    return Finding(
        LINES_CUT,
        subject,
        f"{who} cut {count_text(lines, 'line')}{of_tenant} since the last run ({limit}).{whose}",
        context.request.as_of,
        {"sources": ", ".join(sources), "lines": lines},
    )
