"""The tables as a calendar by day and tenant: in which phase each is, and which are wrong."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from logops.audit.policy.phase import Phase
from logops.audit.report.recorded import newest_of_clusters
from logops.audit.report.result import TableRow, day_text
from logops.audit.request import Check
from logops.environment import Environment
from logops.environment.cluster import Data as Audience
from logops.findings.kinds import TABLE_PHASES
from logops.findings.store import ResultsStore
from logops.findings.table import distinct_values
from logops.number_text import count_text, size_text
from logops.report import calendar, content_coverage, state
from logops.report.calendar import CELL_KINDS, RULER, WRONG, Calendar, Day
from logops.report.content_coverage import ClusterCoverage
from logops.report.section import Mark, Section, Shown, moment_text, render
from logops.report.state import KnownFinding, State

ID = "tables"
TITLE = "Tables by day"
MOST_PROBLEMS = 30
"""Problems that are listed. More are among the findings."""
MOST_DAYS = 12
"""Days of a problem that are listed."""
MOST_OPEN = 3
"""Calendars that are open at first: those of the worst tenants."""
FEW_TENANTS = 6
"""The calendars of so few tenants are all open."""
_DAY_OF_NAME = re.compile(r"\d{5}$")
_MARKS: Sequence[Mark] = ("error", "warning", "unknown", "ok")


@dataclass(frozen=True, slots=True)
class TenantTables:
    """The tables of a tenant, as the last audit of its cluster recorded them."""

    cluster: str
    tenant: str
    audience: Audience
    as_of: datetime
    rows: tuple[TableRow, ...]
    """By day, the oldest first."""

    @property
    def name(self) -> str:
        return f"{self.cluster} / {self.tenant or '(all tenants)'}"

    @property
    def key(self) -> str:
        """The address of its days on the page: `#table=KEY/2026-11-28`."""
        return f"{self.cluster}/{self.tenant}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A tenant on the page."""

    key: str
    name: str
    mark: Mark
    summary: str
    is_open: bool
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class Problem:
    """Findings of one class about a tenant's tables, or about a whole cluster or tenant."""

    mark: Mark
    kind: str
    who: str
    days: tuple[tuple[str, str, str], ...]
    """Date, id of the finding, and address of the day without `#`; the newest first."""
    more: int
    message: str
    finding: str


def read(store: ResultsStore, environment: Environment, now: datetime) -> tuple[TenantTables, ...]:
    """Read the newest tables of each cluster. Raises StoreUnreachableError."""
    columns = (
        'cluster, as_of, tenant, "table", day_number, phase, action, due, files, chunks, bytes, tier_chunks,'
        " first_expires, last_expires"
    )
    parts = newest_of_clusters(store, TABLE_PHASES, environment.name, [*environment.clusters], now, columns)
    rows: dict[tuple[str, str], list[TableRow]] = defaultdict(list)
    moments: dict[str, datetime] = {}
    for part in parts:
        moments |= zip(part["cluster"].to_pylist(), part["as_of"].to_pylist(), strict=True)
        for row in _rows(part):
            rows[row.cluster, row.tenant].append(row)
    return tuple(
        TenantTables(
            cluster,
            tenant,
            environment.clusters[cluster].data,
            moments[cluster].astimezone(UTC),
            tuple(sorted(of_tenant, key=lambda row: row.day)),
        )
        for (cluster, tenant), of_tenant in sorted(rows.items())
    )


READS = (read, state.read, content_coverage.read)


def _rows(part: Any) -> Iterable[TableRow]:
    names = ("cluster", "table", "day_number", "tenant", "phase", "action", "due", "files", "chunks", "bytes")
    moments = {"due", "first_expires", "last_expires"}
    columns = [
        distinct_values(part[name]) if name in moments else part[name].to_pylist()
        for name in (*names, "tier_chunks", "first_expires", "last_expires")
    ]
    phases = {phase.value: phase for phase in Phase}
    for *values, tiers, first, last in zip(*columns, strict=True):
        cluster, table, day, tenant, phase, action, due, files, chunks, size = values
        yield TableRow(
            cluster, table, day, tenant, phases[phase], action, due, files, chunks, size, tuple(tiers), 0, first, last
        )


def section(
    tables: Sequence[TenantTables], platform: State, contents: Sequence[ClusterCoverage], shown: Shown
) -> Section:
    """Return the section, with the tenants that the reader may see."""
    tenants = [tenant for tenant in tables if tenant.audience in shown]
    if not tenants:
        what = (
            "No audit has recorded tables that you may see; audits by older versions of logops recorded none. The "
            f"nightly retention audit does, and so does `logops audit retention {platform.environment}`."
        )
        body = render("missing.html", what=what, detail="")
        return Section(ID, TITLE, "Not known: no audit has recorded tables yet.", body, "unknown")
    findings = _of_audits(platform.shown_to(shown).findings)
    checks = {check.name: check for check in platform.checks}
    retention = checks.get(Check.RETENTION.value)
    marked = _by_table(findings)
    days = {tenant.key: _days(tenant, marked) for tenant in tenants}
    entries = _entries(tenants, days)
    problems = _problems(findings)
    is_overdue = retention is not None and platform.is_overdue(retention)
    letters = {letter for entry in entries for letter in entry.calendar.letters} | {calendar.NO_TABLE}
    body = render(
        "tables.html",
        as_of=max(tenant.as_of for tenant in tenants),
        entries=entries,
        problems=problems[:MOST_PROBLEMS],
        more=max(0, len(problems) - MOST_PROBLEMS),
        legend=[kind for letter, kind in CELL_KINDS.items() if letter in letters],
        ruler=RULER,
        data={tenant.key: calendar.explanations(days[tenant.key], tenant.as_of) for tenant in tenants},
        older=_older(tenants),
        chunks=sum(row.chunks for tenant in tenants for row in tenant.rows),
        contents=[entry for entry in contents if entry.audience in shown],
        environment=platform.environment,
    )
    unsure: Mark = "unknown" if is_overdue else "ok"
    marks = (unsure, *(entry.mark for entry in entries), *(problem.mark for problem in problems))
    return Section(
        ID, TITLE, _summary(tenants, days, problems, is_overdue=is_overdue), body, min(marks, key=_MARKS.index)
    )


def _of_audits(findings: Iterable[KnownFinding]) -> list[KnownFinding]:
    audits = {check.value for check in Check}
    return [entry for entry in findings if entry.check in audits or entry.finding.subject.table]


def _by_table(findings: Iterable[KnownFinding]) -> Mapping[tuple[str, str, str], list[KnownFinding]]:
    by_table: dict[tuple[str, str, str], list[KnownFinding]] = defaultdict(list)
    for entry in findings:
        subject = entry.finding.subject
        if subject.table and calendar.worth_marking(entry):
            by_table[subject.cluster, subject.tenant, subject.table].append(entry)
    return by_table


def _days(tenant: TenantTables, marked: Mapping[tuple[str, str, str], list[KnownFinding]]) -> list[Day]:
    return [
        Day(
            row,
            (
                *marked.get((tenant.cluster, tenant.tenant, row.table), ()),
                # A finding without a tenant is about the table of all tenants.
                *(marked.get((tenant.cluster, "", row.table), ()) if tenant.tenant else ()),
            ),
        )
        for row in tenant.rows
    ]


def _entries(tenants: Sequence[TenantTables], days: Mapping[str, Sequence[Day]]) -> list[Entry]:
    """Return the tenants, the worst first."""
    calendars = [(tenant, calendar.calendar(days[tenant.key])) for tenant in tenants]
    ordered = sorted(
        calendars,
        key=lambda item: (
            _MARKS.index(item[1].mark),
            -item[1].letters.get(WRONG.letter, 0),
            item[0].cluster,
            item[0].tenant,
        ),
    )
    return [
        Entry(
            tenant.key,
            tenant.name,
            shown_calendar.mark,
            _tenant_text(tenant, shown_calendar),
            is_open=len(tenants) <= FEW_TENANTS or (number < MOST_OPEN and shown_calendar.mark != "ok"),
            calendar=shown_calendar,
        )
        for number, (tenant, shown_calendar) in enumerate(ordered)
    ]


def _tenant_text(tenant: TenantTables, shown_calendar: Calendar) -> str:
    counts = ", ".join(
        f"{shown_calendar.letters[letter]:,} {kind.name}"
        for letter, kind in CELL_KINDS.items()
        if shown_calendar.letters.get(letter)
    )
    first, last = (day_text(tenant.rows[position].day) for position in (0, -1))
    size = size_text(sum(row.bytes for row in tenant.rows))
    return f"{count_text(len(tenant.rows), 'table')}, {first} to {last}, {size}: {counts}"


def _problems(findings: Iterable[KnownFinding]) -> list[Problem]:
    """Return what is wrong with tables, clusters and tenants, the worst first."""
    groups: dict[tuple[str, str, str, bool], list[KnownFinding]] = defaultdict(list)
    for entry in findings:
        subject = entry.finding.subject
        if calendar.worth_marking(entry) and entry.acceptance is None:
            groups[entry.finding.cls.name, subject.cluster, subject.tenant, bool(subject.table)].append(entry)
    problems = [_problem(entries) for entries in groups.values()]
    return sorted(problems, key=lambda problem: (_MARKS.index(problem.mark), problem.kind, problem.who))


def _problem(entries: Sequence[KnownFinding]) -> Problem:
    newest = sorted(entries, key=lambda entry: (_date(entry.finding.subject.table), entry.finding.id), reverse=True)
    subject = newest[0].finding.subject
    days = []
    for entry in newest if subject.table else ():
        day = _date(entry.finding.subject.table)
        address = f"table={subject.cluster}/{subject.tenant}/{day}" if subject.tenant else ""
        days.append((day, entry.finding.id, address))
    return Problem(
        mark=calendar.mark_of(entries),
        kind=newest[0].finding.cls.name,
        who=" / ".join(filter(None, (subject.cluster, subject.tenant or ("all tenants" if subject.table else "")))),
        days=tuple(days[:MOST_DAYS]),
        more=max(0, len(days) - MOST_DAYS),
        message=newest[0].finding.message,
        finding=newest[0].finding.id,
    )


def _date(table: str) -> str:
    """Return the date of a table's name, `loki_index_20780`; a name without a day as it is."""
    number = _DAY_OF_NAME.search(table)
    return day_text(int(number[0])) if number else table


def _older(tenants: Sequence[TenantTables]) -> list[tuple[str, datetime]]:
    """Return the clusters that the newest audit did not read, with the time of their tables."""
    newest = max(tenant.as_of for tenant in tenants)
    return sorted({(tenant.cluster, tenant.as_of) for tenant in tenants if tenant.as_of != newest})


def _summary(
    tenants: Sequence[TenantTables], days: Mapping[str, Sequence[Day]], problems: Sequence[Problem], *, is_overdue: bool
) -> str:
    as_of = max(tenant.as_of for tenant in tenants)
    tables = sum(len(tenant.rows) for tenant in tenants)
    by_mark: dict[Mark, list[str]] = {mark: [] for mark in _MARKS}
    for tenant in tenants:
        for day in reversed(days[tenant.key]):
            by_mark[calendar.mark_of(day.findings)].append(f"{tenant.name} {day.date}")
    wrong = [*by_mark["error"], *by_mark["warning"]]
    unchecked = len(by_mark["unknown"])
    of = f"{count_text(tables, 'table')} of {count_text(len(tenants), 'tenant')}"
    if wrong:
        examples = ", ".join(wrong[:2]) + (f" and {len(wrong) - 2:,} more" if len(wrong) > 2 else "")
        text = f"{len(wrong):,} of {of} {'has' if len(wrong) == 1 else 'have'} a finding: {examples}."
        text += f" {unchecked:,} could not be checked." if unchecked else ""
    elif unchecked:
        text = f"{unchecked:,} of {of} could not be checked. The others are as promised."
    elif problems:
        text = f"No single table of {of} has a finding, but there {'is' if len(problems) == 1 else 'are'} " + (
            f"{count_text(len(problems), 'finding')} about whole clusters or tenants."
        )
    else:
        text = f"All {of} are as promised."
    late = " The next audit is overdue." if is_overdue else ""
    return f"{text} Last checked {moment_text(as_of)}.{late}"
