"""Explain one table: its phase, its next step and time, and what blocks it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from rich.console import Group
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from logops.audit.errors import AuditError
from logops.audit.findings.compaction import period_of
from logops.audit.report.outcome import TableRow
from logops.audit.request import AuditRequest
from logops.audit.run import run_audit
from logops.clients.blob_storage.blobs import Tier
from logops.environment import Environment
from logops.findings import Finding
from logops.findings.classes.rollout import CHECK_INCOMPLETE
from logops.platforms.platform import Progress, ReadablePlatform

_EPOCH = date(1970, 1, 1)


class NoSuchTableError(AuditError):
    """Nothing is stored in this table."""


@dataclass(frozen=True)
class Explained:
    """A tenant's share of a table, explained."""

    row: TableRow
    as_of: datetime
    in_the_way: tuple[Finding, ...]
    """Findings about it, its table, or its whole cluster."""

    @property
    def age(self) -> timedelta:
        """Time since its day started."""
        return self.as_of - datetime.fromtimestamp(self.row.day * 86_400, UTC)

    @property
    def date(self) -> date:
        return _EPOCH + timedelta(days=self.row.day)

    def shown(self) -> Group:
        """Return it for a terminal."""
        row = self.row
        tiers = ", ".join(
            f"{count:,} {tier.azure if tier else 'of no tier'}"
            for tier, count in zip(Tier, row.tier_chunks, strict=True)
            if count
        )
        lines = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 2))
        lines.add_row("phase", Text(row.phase.value, style="bold"))
        lines.add_row("age", f"{self.age.days} days")
        lines.add_row("holds", f"{row.chunks:,} chunks, {decimal(row.bytes)}: {tiers or 'nothing'}")
        lines.add_row("index", f"{row.files:,} file{'s' * (row.files != 1)}")
        lines.add_row("next", Text(row.action + self._by()))
        if not self.in_the_way:
            lines.add_row("in the way", Text("nothing", style="green"))
        for finding in self.in_the_way:
            lines.add_row("in the way", Text(f"{finding.cls.name}: {finding.message}", style="red"))
            lines.add_row("", Text(f"-> {finding.remedy or finding.cls.remedy}", style="green"))
        head = Text.assemble((row.table, "bold"), f"  {self.date}  {row.cluster} / {row.tenant}")
        return Group(head, lines, Text())

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON: `{cluster, table, date, tenant, phase, age_days, next, due, chunks, bytes, tiers,
        in_the_way}`."""
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
            "index_files": row.files,
            "tiers": {tier.azure: count for tier, count in zip(Tier, row.tier_chunks, strict=True) if count},
            "in_the_way": [finding.to_dict() for finding in self.in_the_way],
        }

    def _by(self) -> str:
        if self.row.due is None:
            return ""
        overdue = " (overdue)" if self.row.due < self.as_of else ""
        return f", by {self.row.due:%Y-%m-%d %H:%M} UTC{overdue}"


def tables_of(written: str, environment: Environment) -> tuple[str, ...]:
    """Return the tables for a name or a date, in every cluster. Raises NoSuchTableError.

    >>> tables_of("loki_index_20780", environment)               # doctest: +SKIP
    ('loki_index_20780',)
    """
    try:
        day = (date.fromisoformat(written) - _EPOCH).days
    except ValueError:
        return (written,)
    periods = (period_of(day, cluster.schema_periods) for cluster in environment.clusters.values())
    names = tuple(dict.fromkeys(f"{period.index_prefix}{day}" for period in periods if period))
    if not names:
        raise NoSuchTableError(f"No schema period of {environment.name} covers {written}.")
    return names


def explain(platform: ReadablePlatform, request: AuditRequest, tenant: str, progress: Progress) -> list[Explained]:
    """Explain the requested tables, or all, as they are now. Raises NoSuchTableError."""
    outcome = run_audit(platform, request, None, progress)
    explanations = explained(outcome.rows, outcome.findings, request.as_of, tenant)
    if unread := [finding for finding in outcome.findings if finding.cls is CHECK_INCOMPLETE and not explanations]:
        raise NoSuchTableError(unread[0].message)
    if not explanations:
        whose = f" of tenant {tenant}" if tenant else ""
        raise NoSuchTableError(
            f"Nothing{whose} is stored in {', '.join(request.tables) or 'any table'} of {outcome.environment}: never "
            "written, or "
            "expired and deleted. `logops audit retention` counts what there is."
        )
    return explanations


def explained(rows: Iterable[TableRow], findings: Iterable[Finding], as_of: datetime, tenant: str) -> list[Explained]:
    """Return the rows with the findings that block them."""
    findings = [*findings]
    return [
        Explained(row, as_of, tuple(finding for finding in findings if _touches(finding, row)))
        for row in rows
        if tenant in ("", row.tenant)
    ]


def _touches(finding: Finding, row: TableRow) -> bool:
    subject = finding.subject
    return (
        subject.cluster in ("", row.cluster) and subject.table in ("", row.table) and subject.tenant in ("", row.tenant)
    )
