"""Results of audits as tables for a terminal."""

from collections.abc import Iterable
from datetime import datetime

from rich.console import Group
from rich.table import Table
from rich.text import Text

from logops.audit.report.explain import TableExplanation
from logops.audit.report.result import COLUMNS, AuditResult, TableRow
from logops.clients.blob_storage.blobs import Tier
from logops.number_text import size_text

_NUMBERS = ("tables", "age", "chunks", "index files", "size", "findings")
"""Columns that are aligned to the right."""


def tenants_table(result: AuditResult) -> Table:
    """Return one row per cluster and tenant."""
    return _table(result.tenant_columns, result.tenant_rows())


def rows_table(rows: Iterable[TableRow], as_of: datetime) -> Table:
    """Return one row per table and tenant."""
    return _table(COLUMNS, (row.cells(as_of) for row in rows))


def explanation_text(explanation: TableExplanation) -> Group:
    """Return a heading, then phase, age, content, next step and blockers of one table."""
    row = explanation.row
    tiers = ", ".join(
        f"{count:,} {tier.azure if tier else 'of no tier'}"
        for tier, count in zip(Tier, row.tier_chunks, strict=True)
        if count
    )
    lines = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 2))
    lines.add_row("phase", Text(row.phase.value, style="bold"))
    lines.add_row("age", f"{explanation.age.days} days")
    lines.add_row("holds", f"{row.chunks:,} chunks, {size_text(row.bytes)}: {tiers or 'nothing'}")
    lines.add_row("index", f"{row.files:,} file{'s' * (row.files != 1)}")
    lines.add_row("next", Text(explanation.next_step))
    if not explanation.blockers:
        lines.add_row("in the way", Text("nothing", style="green"))
    for finding in explanation.blockers:
        lines.add_row("in the way", Text(f"{finding.cls.name}: {finding.message}", style="red"))
        lines.add_row("", Text(f"-> {finding.remedy_text}", style="green"))
    heading = Text.assemble((row.table, "bold"), f"  {explanation.date}  {row.cluster} / {row.tenant}")
    return Group(heading, lines, Text())


def _table(columns: Iterable[str], rows: Iterable[tuple[str, ...]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in _NUMBERS else "left")
    for row in rows:
        table.add_row(*row)
    return table
