"""Results of audits as tables for a terminal."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from rich.console import Group
from rich.text import Text

from logops.audit.policy.phase import Phase
from logops.audit.report.explain import TableExplanation
from logops.audit.report.phase_groups import PhaseGroup
from logops.audit.report.result import COLUMNS, AuditResult, TableRow, chunks_text, day_text, kept_longer_text
from logops.cli.output.columns import NEVER, Column
from logops.cli.output.console import printable
from logops.clients.blob_storage.blobs import Tier
from logops.number_text import age_text, count_text, size_text
from logops.wrapping import wrapped

PHASE_STYLES: Mapping[str, str] = {
    Phase.INGESTING: "cyan",
    Phase.UNCOMPACTED: "yellow",
    Phase.COMPACTED: "blue",
    Phase.RETAINED: "green",
    Phase.EXPIRING: "magenta",
    Phase.EXPIRED: "bright_black",
}
_NUMBERS = frozenset(
    {"tables", "age", "chunks", "index files", "size", "findings", "query reads", "ends there", "kept longer"}
)
"""Columns that are aligned to the right."""
_PRIORITIES: Mapping[str, int] = {
    "phases": 9,
    "phase": 9,
    "findings": 8,
    "chunks": 7,
    "index files": 7,
    "size": 7,
    "query reads": 7,
    "ends there": 5,
    "kept longer": 2,
    "due": 6,
    "tables": 5,
    "date": 4,
    "from": 3,
    "to": 3,
    "age": 2,
    "next": 1,
}
"""Columns by how late they are left out. The other columns are names that other commands need: they stay."""
_INDENT = " " * 2
_LABEL = 12
"""Width of the labels of an explanation."""


def tenant_columns(result: AuditResult) -> list[Column]:
    """Return the columns of a table with one row per cluster and tenant."""
    return _columns(result.tenant_columns, result.tenant_rows(), wraps="phases")


def row_columns(rows: Sequence[TableRow], as_of: datetime) -> list[Column]:
    """Return the columns of a table with one row per table and tenant, each on one line."""
    return _columns(COLUMNS, [row.cells(as_of) for row in rows])


def group_columns(groups: Sequence[PhaseGroup], as_of: datetime) -> list[Column]:
    """Return the columns of a table with one row per tenant and phase."""
    first_due = [group.first_due for group in groups]
    overdue = [group.overdue(as_of) for group in groups]
    findings = [group.total("findings") for group in groups]
    return [
        Column("cluster", [group.cluster for group in groups]),
        Column("tenant", [group.tenant or "(all)" for group in groups]),
        Column("phase", [group.phase.value for group in groups], NEVER, styles=PHASE_STYLES),
        Column("tables", [f"{len(group.rows):,}" for group in groups], 9, right=True),
        Column("oldest", [day_text(group.oldest.day) for group in groups], 6),
        Column("newest", [day_text(group.newest.day) for group in groups], 6),
        Column("queries read", [_chunks(group, "read_chunks", "read_bytes") for group in groups], 4, right=True),
        Column("ends there", [_chunks(group, "chunks", "bytes") for group in groups], 3, right=True),
        Column("kept longer", [_kept_longer(group) for group in groups], 1, right=True),
        Column("next due", [f"{row.due:%Y-%m-%d %H:%M}" if row.due else "-" for row in first_due], 5),
        Column("overdue", [*map(_count, overdue)], 8, right=True, styles=_marked(overdue, "red")),
        Column("findings", [*map(_count, findings)], 7, right=True, styles=_marked(findings, "yellow")),
        Column("next step", [row.action for row in first_due], 2, wraps=True),
    ]


def explanation_text(explanation: TableExplanation, width: int | None) -> Group:
    """Return a heading, then phase, age, content, next step and blockers of one table.

    width   of the terminal; None: no line is wrapped
    """
    row = explanation.row
    tiers = ", ".join(
        f"{count:,} {tier.azure if tier else 'of no tier'}"
        for tier, count in zip(Tier, row.tier_chunks, strict=True)
        if count
    )
    content = f"{count_text(row.chunks, 'chunk')}, {size_text(row.bytes)}"
    reads = f"{count_text(row.read_chunks, 'chunk')}, {size_text(row.read_bytes)}"
    lines = [
        Text.assemble((row.table, "bold"), f"  {explanation.date}  {row.cluster} / {row.tenant or '(all)'}"),
        _labelled("phase", row.phase.value, width, PHASE_STYLES[row.phase]),
        _labelled("age", count_text(explanation.age.days, "day"), width),
        _labelled("ends here", f"{content}: {tiers}" if tiers else content, width),
        _labelled("query reads", f"{reads}, also chunks that end in a later table", width),
        _labelled("kept longer", _kept_longer_sentence(row), width),
        _labelled("index", count_text(row.files, "file"), width),
        _labelled("next", explanation.next_step, width),
    ]
    if not explanation.blockers:
        lines.append(_labelled("in the way", "nothing", width, "green"))
    for finding in explanation.blockers:
        lines.append(_labelled("in the way", f"{finding.cls.name}: {finding.message}", width, "red"))
        lines.append(_labelled("", f"-> {finding.remedy_text}", width, "green"))
    return Group(*lines, Text())


def _kept_longer_sentence(row: TableRow) -> str:
    if not row.kept_longer_ms:
        return "no line is kept longer than its retention"
    beyond = f"; beyond the allowed time: at most {size_text(row.kept_longer_bytes)}" if row.kept_longer_bytes else ""
    return f"lines up to {age_text(row.kept_longer_ms / 1000)} longer than their retention{beyond}"


def _chunks(group: PhaseGroup, chunks: str, size: str) -> str:
    return chunks_text(group.total(chunks), group.total(size))


def _kept_longer(group: PhaseGroup) -> str:
    longest_ms = max(row.kept_longer_ms for row in group.rows)
    return kept_longer_text(longest_ms, group.total("kept_longer_bytes"))


def _count(count: int) -> str:
    return f"{count:,}" if count else "-"


def _marked(counts: Sequence[int], style: str) -> dict[str, str]:
    return {_count(count): style for count in counts if count}


def _labelled(label: str, text: str, width: int | None, style: str = "") -> Text:
    indent = len(_INDENT) + _LABEL
    first, *others = wrapped(printable(text), width, indent).splitlines()
    head = Text(f"{_INDENT}{label:{_LABEL}}")
    return head.append("\n".join([first[indent:], *others]), style)


def _columns(names: Sequence[str], rows: Sequence[Sequence[str]], wraps: str = "") -> list[Column]:
    return [
        Column(
            name,
            [row[number] for row in rows],
            _PRIORITIES.get(name, NEVER),
            right=name in _NUMBERS,
            wraps=name == wraps,
            styles=PHASE_STYLES if name == "phase" else {},
        )
        for number, name in enumerate(names)
    ]
