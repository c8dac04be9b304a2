"""Explain one table: its phase, its next step and time, and what blocks it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from logops.audit.errors import AuditError
from logops.audit.report.result import TableRow
from logops.audit.request import AuditRequest
from logops.audit.run import run_audit
from logops.audit.survey.objects import period_of
from logops.clients.blob_storage.blobs import Tier
from logops.environment import Environment
from logops.findings import Finding
from logops.findings.classes.rollout import CHECK_INCOMPLETE
from logops.platforms.platform import Progress, ReadablePlatform
from logops.suggestions import did_you_mean

_EPOCH = date(1970, 1, 1)
_TABLE_NAME = re.compile(r"(.+?)(\d{5})")
"""Until the year 2243, days since the epoch have five digits."""
_SUGGESTED_DAYS = 400


class NoSuchTableError(AuditError):
    """Nothing is stored in this table."""


@dataclass(frozen=True)
class TableExplanation:
    """A tenant's share of a table, explained."""

    row: TableRow
    as_of: datetime
    blockers: tuple[Finding, ...]
    """Findings about it, its table, or its whole cluster."""

    @property
    def age(self) -> timedelta:
        """Time since its day started."""
        return self.as_of - datetime.fromtimestamp(self.row.day * 86_400, UTC)

    @property
    def date(self) -> date:
        return _EPOCH + timedelta(days=self.row.day)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON: `{cluster, table, date, tenant, phase, age_days, next, due, chunks, bytes,
        query_reads, kept_longer, index_files, tiers, in_the_way}`."""
        row = self.row
        return {
            "cluster": row.cluster,
            "table": row.table,
            "date": self.date.isoformat(),
            "tenant": row.tenant,
            "phase": row.phase.value,
            "age_days": self.age.days,
            "next": row.action,
            "due": row.due.isoformat() if row.due else None,
            "chunks": row.chunks,
            "bytes": row.bytes,
            "query_reads": {"chunks": row.read_chunks, "bytes": row.read_bytes},
            "kept_longer": {"seconds": row.kept_longer_ms // 1000, "bytes": row.kept_longer_bytes},
            "index_files": row.files,
            "tiers": {tier.azure: count for tier, count in zip(Tier, row.tier_chunks, strict=True) if count},
            "in_the_way": [finding.to_dict() for finding in self.blockers],
        }

    @property
    def next_step(self) -> str:
        """The next step of the table, and when it is due."""
        if self.row.due is None:
            return self.row.action
        overdue = " (overdue)" if self.row.due < self.as_of else ""
        return f"{self.row.action}, by {self.row.due:%Y-%m-%d %H:%M} UTC{overdue}"


def tables_of(name_or_date: str, environment: Environment, as_of: datetime) -> tuple[str, ...]:
    """Return the tables for a name or a date, in every cluster.

    Raises NoSuchTableError if no cluster can have a table of that name at `as_of`. Whether it has one is for the audit.

    >>> tables_of("loki_index_20780", environment, as_of)               # doctest: +SKIP
    ('loki_index_20780',)
    """
    try:
        day = (date.fromisoformat(name_or_date) - _EPOCH).days
    except ValueError:
        return (_possible_table(name_or_date, environment, as_of),)
    periods = (period_of(day, cluster.schema_periods) for cluster in environment.clusters.values())
    names = tuple(dict.fromkeys(f"{period.index_prefix}{day}" for period in periods if period))
    if not names:
        raise NoSuchTableError(f"No schema period of {environment.name} covers {name_or_date}.")
    return names


def _possible_table(name: str, environment: Environment, as_of: datetime) -> str:
    """Return a name that a table can have. Raises NoSuchTableError with the most similar names."""
    prefixes = sorted(
        {period.index_prefix for cluster in environment.clusters.values() for period in cluster.schema_periods}
    )
    today = (as_of.date() - _EPOCH).days
    match = _TABLE_NAME.fullmatch(name)
    prefix, day = match.groups() if match else ("", "0")
    # Clocks differ: an ingester may be in the next day already.
    if prefix in prefixes and int(day) <= today + 1:
        return name
    recent = [f"{prefix}{day}" for prefix in prefixes for day in range(today, today - _SUGGESTED_DAYS, -1)]
    if prefix in prefixes:
        raise NoSuchTableError(f"{name} is a table of the future: today's is {prefix}{today}.")
    raise NoSuchTableError(
        f"{environment.name} has no table {name}. Tables are named by day: today's is "
        f"{' or '.join(f'{prefix}{today}' for prefix in prefixes)}.{did_you_mean(name, recent)}"
    )


def explain(
    platform: ReadablePlatform, request: AuditRequest, tenant: str, progress: Progress
) -> list[TableExplanation]:
    """Explain the requested tables, or all, as they are now. Raises NoSuchTableError."""
    result = run_audit(platform, request, None, progress)
    explanations = explained(result.rows, result.findings, request.as_of, tenant)
    if unread := [finding for finding in result.findings if finding.cls is CHECK_INCOMPLETE and not explanations]:
        raise NoSuchTableError(unread[0].message)
    if not explanations:
        of_tenant = f" of tenant {tenant}" if tenant else ""
        declared = [name for cluster in platform.environment.clusters.values() for name in cluster.tenants]
        suggestion = "" if not tenant or tenant in declared else did_you_mean(tenant, declared)
        raise NoSuchTableError(
            f"Nothing{of_tenant} is stored in {', '.join(request.tables) or 'any table'} of {result.environment}: "
            f"never written, or expired and deleted. `logops audit retention` counts what there is.{suggestion}"
        )
    return explanations


def explained(
    rows: Iterable[TableRow], findings: Iterable[Finding], as_of: datetime, tenant: str
) -> list[TableExplanation]:
    """Return the rows with the findings that block them."""
    findings = [*findings]
    return [
        TableExplanation(row, as_of, tuple(finding for finding in findings if _touches(finding, row)))
        for row in rows
        if tenant in ("", row.tenant)
    ]


def blockers_of(explanations: Iterable[TableExplanation]) -> list[Finding]:
    """Return the findings that block any of the tables, each once."""
    by_identity = {finding.identity: finding for explanation in explanations for finding in explanation.blockers}
    return [*by_identity.values()]


def _touches(finding: Finding, row: TableRow) -> bool:
    subject = finding.subject
    return (
        subject.cluster in ("", row.cluster) and subject.table in ("", row.table) and subject.tenant in ("", row.tenant)
    )
