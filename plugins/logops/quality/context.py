"""The input of every judgement of a quality run: the measured values, and the function that writes a finding."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from shlex import quote

from logops.clients.loki import Entry, nanoseconds
from logops.environment import Environment
from logops.environment.sources import Source
from logops.findings import Evidence, Finding, FindingClass, Subject
from logops.logql.build import stream
from logops.quality.balance import ClusterBalance, TenantBalance
from logops.quality.bands import Verdict
from logops.quality.counters import Counter
from logops.quality.earlier import Earlier
from logops.quality.measured import Measured, SourceMeasure
from logops.quality.request import QualityRequest
from logops.quality.secrets.scan import Scan
from logops.quality.sources import shows_lines

EXAMPLE = " For example: "
"""Precedes the example line at the end of a message."""


@dataclass(frozen=True)
class Context:
    """The input of every judgement."""

    environment: Environment
    request: QualityRequest
    measured: Measured
    read_urls: Mapping[str, str]
    """Address for queries, by cluster."""
    earlier: Earlier | None = None
    """None: this is the first run."""
    increases: tuple[Counter, ...] = ()
    """How much each counter grew since then."""
    learned: Mapping[str, Verdict] = field(default_factory=dict)
    """What the past weeks of each source teach. A source that was never counted is missing."""
    balances: tuple[TenantBalance, ...] = ()
    """Received and stored lines of each tenant since then."""
    sent: tuple[ClusterBalance, ...] = ()
    """Sent and received lines of each cluster since then."""
    scans: Mapping[str, Scan] = field(default_factory=dict)
    """Secrets and personal data in the sample of each source."""
    searches: Mapping[str, Scan] = field(default_factory=dict)
    """Secrets in the lines that have a keyword, of each source that has such lines."""
    example_of: Callable[[Entry], str] = field(default=lambda entry: "")
    """Returns a line as it may be shown, with every secret masked, and shortened."""
    masked: Callable[[str], str] = field(default=lambda text: "")
    """Returns any other text as it may be shown, with every secret masked."""

    def source(self, name: str) -> tuple[Source, SourceMeasure]:
        return self.environment.sources[name], self.measured.sources[name]

    def judges_learned_silence(self, name: str) -> bool:
        """Whether a silence of a source is judged by its own pauses: they are learned, and nothing is declared."""
        return self.environment.sources[name].expect_every is None and (
            name in self.learned and self.learned[name].is_learned
        )

    def finding(
        self,
        cls: FindingClass,
        name: str,
        message: str,
        query: str = "",
        evidence: Evidence | None = None,
        between: tuple[datetime, datetime] | None = None,
    ) -> Finding:
        """Return a finding about a source. Its remedy ends with the command that shows the fault.

        between   time that the command shows; None: the window
        """
        source = self.environment.sources[name]
        if "`" in query:
            # A remedy marks its commands by backticks: show all lines of the source instead.
            query = str(stream(dict(source.labels)))
        return Finding(
            cls,
            Subject(self.environment.name, source.cluster, source.tenant, source=name),
            message,
            self.request.as_of,
            evidence or {},
            remedy=f"{cls.remedy} To see it: `{self.command(source.cluster, source.tenant, query, between)}`"
            if query
            else cls.remedy,
        )

    def shows_examples(self, name: str) -> bool:
        """Whether lines of a source may be shown."""
        return shows_lines(self.environment, self.environment.sources[name].cluster)

    def example(self, name: str, entries: Iterable[Entry]) -> str:
        """Return the first of some lines of a source as the end of a message; empty if it may not be shown."""
        entry = next(iter(entries), None)
        if entry is None or not self.shows_examples(name):
            return ""
        return f"{EXAMPLE}{self.example_of(entry)}"

    def command(self, cluster: str, tenant: str, query: str, between: tuple[datetime, datetime] | None = None) -> str:
        """Return a shell command that runs a query over the window, or over another time."""
        start, end = between or (self.request.start, self.request.end)
        return show_command(self.read_urls[cluster], tenant, query, start, end)


def unread_agents(environment: Environment) -> list[str]:
    """Return the agents whose counters cannot be read, because nothing declares where."""
    if environment.platform.kind != "kubernetes":
        return []
    return [name for name, agent in environment.agents.items() if agent.metrics_url is None]


def agent_processes(context: Context) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return the cluster and the sources of each agent process, by its name. On Kubernetes, each pod is a process."""
    agents = _agents(context.environment)
    seen = dict.fromkeys([*(each.process for each in context.measured.counters), *context.measured.silent_processes])
    pods = {
        process: agent
        for process in seen
        for name, agent in agents.items()
        if context.environment.platform.kind == "kubernetes" and process.startswith(f"{name}-")
    }
    return {**agents, **pods}


def _agents(environment: Environment) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return the cluster and the sources of each agent for each cluster, by the name `AGENT-CLUSTER`."""
    processes = {
        f"{name}-{cluster}": (
            cluster,
            tuple(source for source in agent.sources if environment.sources[source].cluster == cluster),
        )
        for name, agent in environment.agents.items()
        for cluster in environment.clusters
    }
    return {name: (cluster, sources) for name, (cluster, sources) in processes.items() if sources}


def show_command(url: str, tenant: str, query: str, start: datetime, end: datetime) -> str:
    """Return a shell command that runs a query over a range, and prints Loki's answer."""
    return (
        f"curl -sG {quote(f'{url}/loki/api/v1/query_range')} -H {quote(f'X-Scope-OrgID: {tenant}')} "
        f"--data-urlencode {quote(f'query={query}')} -d start={nanoseconds(start)} -d end={nanoseconds(end)}"
    )


def clock(moment: datetime) -> str:
    """Return a moment as people read it: `2026-11-28 17:03 UTC`, with seconds if there are any.

    >>> from datetime import UTC
    >>> clock(datetime(2026, 11, 28, 17, 3, tzinfo=UTC)), clock(datetime(2026, 11, 28, 17, 3, 9, tzinfo=UTC))
    ('2026-11-28 17:03 UTC', '2026-11-28 17:03:09 UTC')
    """
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment.second else f"{moment:%Y-%m-%d %H:%M} UTC"
