"""The result of an audit: findings, changes since the last run, and one row per table and tenant."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from logops.audit.policy.phase import Phase
from logops.audit.survey.objects import NOT_LOKIS
from logops.findings import Finding, failed
from logops.findings.classes.rollout import CHECK_INCOMPLETE
from logops.findings.groups import grouped
from logops.findings.history import Changes
from logops.number_text import age_text, count_text, plural, size_text

if TYPE_CHECKING:
    from logops.audit.survey.containers import Other


_MAX_FINDINGS = 50
"""Groups of findings in a summary."""
_MAX_LINES = 20
"""Lines of a table in a log."""
_MAX_CHARACTERS = 500
"""Characters per group in a summary."""
COLUMNS = (
    "cluster",
    "table",
    "date",
    "tenant",
    "phase",
    "age",
    "query reads",
    "ends there",
    "kept longer",
    "next",
    "due",
    "findings",
)
"""Columns of `TableRow.cells`."""


@dataclass(frozen=True)
class TableRow:
    """A tenant's share of a table."""

    cluster: str
    table: str
    day: int
    tenant: str
    """Empty if only the index was read, which has all tenants."""
    phase: Phase
    action: str
    """The next step."""
    due: datetime | None
    """When it is due; None: nothing is due."""
    files: int
    """Index files."""
    chunks: int
    """Chunks whose last line is of its day."""
    bytes: int
    """Size of its chunks; of its index files if no chunks were read."""
    tier_chunks: tuple[int, ...]
    """By `Tier`."""
    findings: int
    first_expires: datetime | None = None
    """When its first chunks expire; None: all are kept for ever."""
    last_expires: datetime | None = None
    """When its last chunks expire; None: some are kept for ever."""
    read_chunks: int = 0
    """Chunks that a query of the whole day reads: also those that end in a later table."""
    read_bytes: int = 0
    kept_longer_ms: int = 0
    """How much longer than its retention a line of its day is kept, because its chunk has newer lines: the longest."""
    kept_longer_bytes: int = 0
    """Chunks that keep lines of its day for longer than allowed."""

    def is_overdue(self, as_of: datetime) -> bool:
        """Whether the next step was due before `as_of`."""
        return self.due is not None and self.due < as_of

    def cells(self, as_of: datetime) -> tuple[str, ...]:
        """Return the cells for `COLUMNS`. A step that is due before `as_of` is overdue."""
        late = " (overdue)" if self.is_overdue(as_of) else ""
        return (
            self.cluster,
            self.table,
            day_text(self.day),
            self.tenant or "(all)",
            self.phase.value,
            f"{int(as_of.timestamp()) // 86_400 - self.day} d",
            chunks_text(self.read_chunks, self.read_bytes),
            chunks_text(self.chunks, self.bytes),
            kept_longer_text(self.kept_longer_ms, self.kept_longer_bytes),
            self.action,
            f"{self.due:%Y-%m-%d %H:%M}{late}" if self.due else "-",
            str(self.findings),
        )


@dataclass(frozen=True)
class AuditResult:
    """The result of one run."""

    environment: str
    run_id: str
    as_of: datetime
    findings: tuple[Finding, ...]
    rows: tuple[TableRow, ...]
    reads_chunks: bool = True
    changes: Changes | None = None
    """Changes since earlier runs; None if the run was not recorded."""
    others: "tuple[tuple[str, Other], ...]" = ()
    """Cluster, and objects in its container that are neither chunk nor index."""

    @property
    def failed(self) -> bool:
        """Whether a promise is broken, or could not be checked."""
        return failed(self.findings)

    @property
    def incomplete(self) -> bool:
        """Whether something was not checked that a repeated step may still check."""
        return any(finding.cls is CHECK_INCOMPLETE for finding in self.findings)

    @property
    def headline(self) -> str:
        """One line for a person to read first."""
        tables = len({(row.cluster, row.table) for row in self.rows})
        chunks, files = (sum(getattr(row, name) for row in self.rows) for name in ("chunks", "files"))
        objects = count_text(chunks, "chunk") if self.reads_chunks else count_text(files, "index file")
        audited = f"{count_text(tables, 'table')}, {objects}, {size_text(sum(row.bytes for row in self.rows))}"
        if not self.findings:
            return f"{self.environment}: no findings in {audited}"
        by_class = sorted({finding.cls.name for finding in self.findings})
        # Each check records a cluster that could not be read, but it is one finding.
        new = f", {len({change.finding.identity for change in self.changes.new})} new" if self.changes else ""
        return (
            f"{self.environment}: {count_text(len(self.findings), 'finding')}{new} in {audited}: {', '.join(by_class)}"
        )

    def details(self) -> list[str]:
        """Return what a log shows after the findings: those that are gone, one row per tenant, other objects."""
        lines: list[str] = []
        if self.changes and self.changes.gone:
            gone = sorted(f"{resolved.finding.cls.name} {resolved.finding.subject}" for resolved in self.changes.gone)
            lines += ["gone since the last run:", *(f"  {gone_finding}" for gone_finding in gone[:_MAX_LINES])]
            lines += [f"  and {len(gone) - _MAX_LINES:,} more"] if len(gone) > _MAX_LINES else []
        if self.rows:
            tenants = self.tenant_rows()
            lines += _aligned([self.tenant_columns, *tenants[:_MAX_LINES]])
            lines += [f"and {len(tenants) - _MAX_LINES:,} more tenants"] if len(tenants) > _MAX_LINES else []
            lines.append(f"Every table, with its phase and next step: `logops audit explain {self.environment} --all`")
        return [*lines, *self.other_objects()]

    def other_objects(self) -> list[str]:
        """Return other objects in the containers, one line per kind and folder."""
        return [
            f"{cluster}, neither chunk nor index: {other.count:,} {_objects_of(other)} ({size_text(other.bytes)}), "
            f"for example {other.sample[0]}"
            for cluster, other in self.others
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON: findings, rows, counts of new, still and gone, and the headline."""
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
            "others": [{"cluster": cluster, **asdict(other)} for cluster, other in self.others],
        }

    @property
    def tenant_columns(self) -> tuple[str, ...]:
        """Columns of `tenant_rows`."""
        return ("cluster", "tenant", "tables", "from", "to", self._objects, "size", "phases", "findings")

    @property
    def _objects(self) -> str:
        return "chunks" if self.reads_chunks else "index files"

    def summary(self) -> dict[str, Any]:
        """Return the report without its tables, small enough to pass between tasks."""
        return {
            "environment": self.environment,
            "run": self.run_id,
            "headline": self.headline,
            "findings": [
                f"{group.cls.name} {group.title}: {group.message}"[:_MAX_CHARACTERS]
                for group in grouped(self.findings)[:_MAX_FINDINGS]
            ],
            "tenants": [[*row] for row in (self.tenant_columns, *self.tenant_rows())],
        }

    def tenant_rows(self) -> list[tuple[str, ...]]:
        """Return one line per cluster and tenant."""
        groups: dict[tuple[str, str], list[TableRow]] = {}
        for row in self.rows:
            groups.setdefault((row.cluster, row.tenant), []).append(row)
        return [
            (
                cluster,
                tenant or "(all)",
                f"{len(rows):,}",
                day_text(min(row.day for row in rows)),
                day_text(max(row.day for row in rows)),
                f"{sum(row.chunks if self.reads_chunks else row.files for row in rows):,}",
                size_text(sum(row.bytes for row in rows)),
                _phases(rows),
                str(sum(row.findings for row in rows)),
            )
            for (cluster, tenant), rows in sorted(groups.items())
        ]


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]


def _phases(rows: list[TableRow]) -> str:
    counts = Counter(row.phase for row in rows)
    return ", ".join(f"{counts[phase]} {phase.value}" for phase in Phase if counts[phase])


def _objects_of(other: "Other") -> str:
    objects = plural(other.count, "object")
    return f"{objects} not of Loki" if other.kind == NOT_LOKIS else f"{objects} of Loki's own ({other.kind})"


def chunks_text(chunks: int, size_bytes: int) -> str:
    """Return a number of chunks and their size, short enough for a column.

    >>> chunks_text(1200, 4096)
    '1,200, 4.0 KiB'
    """
    return f"{chunks:,}, {size_text(size_bytes)}" if chunks else "-"


def kept_longer_text(longest_ms: int, size_bytes: int) -> str:
    """Return how much longer than their retention lines are kept, and the size of chunks beyond the allowed time.

    >>> kept_longer_text(7_200_000, 0), kept_longer_text(17 * 86_400_000, 4096), kept_longer_text(0, 0)
    ('2 h', '17 days, 4.0 KiB', '-')
    """
    if not longest_ms:
        return "-"
    return f"{age_text(longest_ms / 1000)}, {size_text(size_bytes)}" if size_bytes else age_text(longest_ms / 1000)


def day_text(day: int) -> str:
    """Return the date of a table's day, counted from 1970."""
    return f"{datetime.fromtimestamp(day * 86_400, UTC):%Y-%m-%d}"
