"""Run the ingestion quality check: measure, judge, leave consequences out, record. The only import of entry points."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logops.checks.recording import record
from logops.environment import Environment
from logops.findings import Finding, Run, failed
from logops.number_text import plural
from logops.platforms.platform import ReadablePlatform
from logops.quality.balance import (
    ClusterBalance,
    EarlierStored,
    TenantBalance,
    cluster_balance,
    tenant_balances,
)
from logops.quality.context import Context, unread_agents
from logops.quality.counters import increases
from logops.quality.data_docs import write_data_docs
from logops.quality.delivery import DeliveryRow, delivery_rows
from logops.quality.history import learned_verdicts
from logops.quality.incomplete import incomplete
from logops.quality.judge.agents import agents_down, lines_dropped_by_agents, lines_given_up
from logops.quality.judge.arrival import gaps, rates, silent_sources, skewed_clocks
from logops.quality.judge.balance import unreceived_lines, unstored_lines
from logops.quality.judge.cut import lines_cut_by_agents, lines_cut_by_loki
from logops.quality.judge.labels import growing_cardinality, unexpected_labels
from logops.quality.judge.pipeline import (
    discarded_samples,
    full_disks,
    missing_canary_lines,
)
from logops.quality.judge.shape import duplicated_lines, malformed_traces, secrets, unparsable_lines
from logops.quality.measure import measure
from logops.quality.measured import Cost, Measured
from logops.quality.other_tenants import find_other_tenants
from logops.quality.precedence import without_consequences
from logops.quality.request import QualityRequest
from logops.quality.secrets.match import Salt
from logops.quality.secrets.rules import read_rules
from logops.quality.secrets.scan import masked_line, masked_text, scan
from logops.quality.summary import SourceRow, concerns, headline, source_rows
from logops.quality.tables import read_deliveries, read_earlier, read_rows, write_results
from logops.toolchain import project_root

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore

CHECK = "ingestion-quality"
JUDGES: tuple[Callable[[Context], Iterator[Finding]], ...] = (
    agents_down,
    full_disks,
    discarded_samples,
    lines_given_up,
    lines_dropped_by_agents,
    unreceived_lines,
    unstored_lines,
    missing_canary_lines,
    silent_sources,
    gaps,
    rates,
    skewed_clocks,
    lines_cut_by_agents,
    lines_cut_by_loki,
    unparsable_lines,
    malformed_traces,
    duplicated_lines,
    unexpected_labels,
    growing_cardinality,
    secrets,
)
"""Every judgement, in the order in which findings of one severity are shown."""


@dataclass(frozen=True)
class QualityResult:
    """The result of a quality run."""

    as_of: datetime
    window_s: int
    rows: tuple[SourceRow, ...]
    findings: tuple[Finding, ...]
    cost: Cost
    deliveries: tuple[DeliveryRow, ...] = ()
    """Sent, received and stored lines since the run before. Empty: there was none."""
    unread_agents: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """The result in one line, with the verdict first."""
        return headline(self.rows, self.findings, self.window_s, self.cost)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the run was not asked to check, and how to ask for it."""
        if not self.unread_agents:
            return ()
        names = ", ".join(self.unread_agents)
        paths = ", ".join(f"agents.{name}.metrics_url" for name in self.unread_agents)
        return (
            f"Not read: the counters of {plural(len(self.unread_agents), 'agent')} {names}. Lines that an agent drops "
            f"or gives up are not found. Declare {paths}: a headless service of the agent's pods.",
        )

    @property
    def failed(self) -> bool:
        return failed(self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain JSON: `{headline, notes, as_of, failed, cost, sources, deliveries, findings}`."""
        return {
            "headline": self.headline,
            "notes": list(self.notes),
            "as_of": self.as_of.isoformat(),
            "window_s": self.window_s,
            "failed": self.failed,
            "cost": {"queries": self.cost.queries, "bytes": self.cost.bytes, "limit_bytes": self.cost.limit_bytes},
            "sources": [row.to_dict() for row in self.rows],
            "deliveries": [row.to_dict() for row in self.deliveries],
            "findings": [finding.to_dict() for finding in self.findings],
        }


def run_quality(
    platform: ReadablePlatform,
    request: QualityRequest,
    store: "ResultsStore | None",
    report_progress: Callable[[str], None],
    record_result: bool = True,
    docs: Path | None = None,
) -> QualityResult:
    """Check the logs that arrived in the window before `as_of`.

    store   has the counters of the run before, and receives the result; None: neither
    docs    folder for the pages of the result, which replace those of an earlier run; None: no pages

    Raises StoreUnreachableError, RulesError, SaltError, ProjectNotFoundError. A Loki that does not answer is a finding.
    """
    environment = platform.environment
    # First, so that an unreadable store is reported before anything is measured.
    earlier = read_earlier(store, environment, request.as_of) if store else None
    rules, salt = read_rules(project_root()), _salt(platform, report_progress)
    before = earlier.stored if earlier else None
    measured = measure(platform, request, report_progress, rules, before)
    report_progress("looking for secrets")
    context = Context(
        environment=environment,
        request=request,
        measured=measured,
        read_urls={cluster: platform.read_url(cluster) for cluster in environment.clusters},
        earlier=earlier,
        increases=tuple(increases(measured.counters, earlier.counters if earlier else (), request.start)),
        learned=learned_verdicts(environment, request, measured, earlier.history if earlier else {}),
        balances=balances_of(environment, measured, before, request.as_of),
        sent=sent_of(environment, measured, before, request.as_of),
        scans={
            name: scan(measure.sample, rules, salt, streams=measure.streams or ())
            for name, measure in measured.sources.items()
        },
        searches={
            name: scan(measure.with_keywords, rules, salt)
            for name, measure in measured.sources.items()
            if measure.with_keywords
        },
        example_of=lambda entry: masked_line(entry.text, rules),
        masked=lambda text: masked_text(text, rules),
    )
    if silent := [finding.subject.source for finding in silent_sources(context)]:
        find_other_tenants(platform, request, silent, measured, report_progress)
    findings = judged(context)
    rows = source_rows(environment, measured, findings, context.learned)
    deliveries = delivery_rows(context.balances, context.sent)
    unread = tuple(unread_agents(environment))
    result = QualityResult(
        request.as_of, request.window_s, tuple(rows), tuple(findings), measured.cost, deliveries, unread
    )
    if docs:
        report_progress("writing the pages")
        write_data_docs(context, docs)
    if store and record_result:
        write_results(store, environment, request, measured, rows, deliveries, context.learned)
        record(store, Run(environment.name, CHECK, request.run, request.as_of), findings)
    return result


def _salt(platform: ReadablePlatform, report_progress: Callable[[str], None]) -> Salt:
    """Return the salt of the environment's hashes; without its secret, a salt of this run."""
    environment = platform.environment
    if secret := platform.salt_secret():
        return Salt.of_environment(secret, environment.name)
    if ref := environment.quality.salt:
        report_progress(f"the hashes of found secrets are comparable within this run only: {ref} is not known here")
    return Salt.of_this_run()


def balances_of(
    environment: Environment, measured: Measured, before: EarlierStored | None, as_of: datetime
) -> tuple[TenantBalance, ...]:
    """Return the received and stored lines of each tenant since an earlier run."""
    if before is None:
        return ()
    stored, counters, later = measured.stored, measured.counters, measured.later_counters
    return tuple(tenant_balances(environment, stored, stored, counters, later, before, as_of))


def sent_of(
    environment: Environment, measured: Measured, before: EarlierStored | None, as_of: datetime
) -> tuple[ClusterBalance, ...]:
    """Return the sent and received lines of each cluster since an earlier run."""
    if before is None:
        return ()
    balances = (
        cluster_balance(environment, cluster, measured.counters, measured.later_counters, before, as_of)
        for cluster in environment.clusters
    )
    return tuple(balance for balance in balances if balance)


def read_result(store: "ResultsStore", environment: Environment, as_of: datetime) -> QualityResult | None:
    """Return the result of the newest recorded run not after `as_of`; None: no run was recorded until then.

    Raises StoreUnreachableError.
    """
    newest = next(store.runs(environment.name, CHECK, as_of), None)
    if newest is None:
        return None
    run, findings = newest
    rows, window_s, cost = read_rows(store, run)
    deliveries, unread = tuple(read_deliveries(store, run)), tuple(unread_agents(environment))
    return QualityResult(run.as_of, window_s, tuple(rows), findings, cost, deliveries, unread)


def judged(context: Context) -> list[Finding]:
    """Return the findings of all judgements, without those that are consequences of others. Pure."""
    findings = [finding for judge in JUDGES for finding in judge(context)]
    environment = context.environment

    def sources_of(finding: Finding) -> frozenset[str]:
        return frozenset(
            name
            for name, source in environment.sources.items()
            if concerns(finding, name, source.cluster, source.tenant)
        )

    kept = [*without_consequences(findings, sources_of), *incomplete(context)]
    return [_with_owner(finding, environment, sources_of(finding)) for finding in kept]


def _with_owner(finding: Finding, environment: Environment, sources: frozenset[str]) -> Finding:
    """Return the finding with the owners of its sources as evidence, so that it can be handed to them."""
    owners = sorted({environment.sources[name].owner or f"none (sources.{name}.owner is not set)" for name in sources})
    return replace(finding, evidence={"owner": ", ".join(owners), **finding.evidence}) if owners else finding
