"""What an audit came to: findings, what is new of them, and a row a table and tenant."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from rich.filesize import decimal

from logops.findings import Finding, Severity
from logops.findings.history import Changes

_COLUMNS = ("cluster", "tenant", "tables", "from", "to", "chunks", "size", "phases", "findings")


@dataclass(frozen=True)
class TableRow:
    """A table's share of a tenant, in one line."""

    cluster: str
    table: str
    day: int
    tenant: str
    phase: str
    chunks: int
    bytes: int
    findings: int


@dataclass(frozen=True)
class Outcome:
    """Of one run."""

    environment: str
    run_id: str
    as_of: datetime
    findings: tuple[Finding, ...]
    rows: tuple[TableRow, ...]
    changes: Changes | None = None
    """Against earlier runs; None where the run was not recorded."""

    @property
    def failed(self) -> bool:
        """Whether a promise is broken, or could not be checked."""
        return any(finding.cls.severity.rank >= Severity.ERROR.rank for finding in self.findings)

    @property
    def headline(self) -> str:
        """One line: what a person reads first."""
        tables = len({(row.cluster, row.table) for row in self.rows})
        chunks = sum(row.chunks for row in self.rows)
        looked = f"{tables:,} tables, {chunks:,} chunks, {decimal(sum(row.bytes for row in self.rows))}"
        if not self.findings:
            return f"{self.environment}: no findings in {looked}"
        by_class = sorted({finding.cls.name for finding in self.findings})
        count = len(self.findings)
        new = f", {len(self.changes.new)} new" if self.changes else ""
        return f"{self.environment}: {count} finding{'s' * (count > 1)}{new} in {looked}: {', '.join(by_class)}"

    def lines(self) -> list[str]:
        """The report as text: the findings, worst first, a table by cluster and tenant, the headline."""
        said: list[str] = []
        for finding in sorted(self.findings, key=lambda one: (-one.cls.severity.rank, one.cls.name, one.subject)):
            said.append(f"{finding.cls.severity.value} {finding.cls.name}  {finding.subject}")
            said += [f"  {finding.message}", f"  -> {finding.remedy or finding.cls.remedy}"]
        if self.changes and self.changes.gone:
            gone = sorted(f"{seen.finding.cls.name} {seen.finding.subject}" for seen in self.changes.gone)
            said += ["gone since the last run:", *(f"  {one}" for one in gone)]
        table = [
            ("cluster", "tenant", "tables", "from", "to", "chunks", "size", "phases", "findings"),
            *self._tenants(),
        ]
        widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
        said += ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]
        return [*said, self.headline]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: findings, rows, counts of new, still and gone, and the headline."""
        changes = self.changes
        return {
            "environment": self.environment,
            "run": self.run_id,
            "as_of": self.as_of.isoformat(),
            "headline": self.headline,
            "findings": [finding.to_dict() for finding in self.findings],
            "changes": {name: len(getattr(changes, name)) for name in ("new", "still", "gone", "unknown")}
            if changes
            else None,
            "tables": [asdict(row) for row in self.rows],
        }

    def _tenants(self) -> list[tuple[str, ...]]:
        """A line a cluster and tenant."""
        groups: dict[tuple[str, str], list[TableRow]] = {}
        for row in self.rows:
            groups.setdefault((row.cluster, row.tenant), []).append(row)
        return [
            (
                cluster,
                tenant or "(all)",
                f"{len(rows):,}",
                _date(min(row.day for row in rows)),
                _date(max(row.day for row in rows)),
                f"{sum(row.chunks for row in rows):,}",
                decimal(sum(row.bytes for row in rows)),
                _phases(rows),
                str(sum(row.findings for row in rows)),
            )
            for (cluster, tenant), rows in sorted(groups.items())
        ]


def _phases(rows: list[TableRow]) -> str:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.phase] = counts.get(row.phase, 0) + 1
    return ", ".join(f"{count} {phase}" for phase, count in counts.items())


def _date(day: int) -> str:
    return f"{datetime.fromtimestamp(day * 86_400, UTC):%Y-%m-%d}"
