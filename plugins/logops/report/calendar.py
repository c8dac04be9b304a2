"""A tenant's tables as a calendar: a line a month, a letter a day. Pure.

A year of 50 tenants is 18,000 days. So days in a row that look the same are one element, and what explains a day is
data that the page's script shows when the day is chosen.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from logops.audit.policy.phase import Phase
from logops.audit.report.result import TableRow
from logops.clients.blob_storage.blobs import Tier
from logops.findings import Severity
from logops.findings.history import NOT_CHECKED
from logops.number_text import size_text
from logops.report.section import Mark, moment_text
from logops.report.state import KnownFinding, breaks_promise

MOST_LINKS = 40
"""Wrong days of a tenant that are links without the script. More are shown as runs of days."""
SOON = timedelta(days=3)
"""A step that is due within this time is shown with its minute."""
NO_TABLE, NO_DAY = ".", " "
RULER = "1   5    10   15   20   25   30"
"""The days of the month, above their letters."""
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class CellKind:
    """A letter of the calendar, and its meaning. The letter says the same as the colour."""

    letter: str
    name: str
    meaning: str
    css: str


INGESTING = CellKind("I", "ingesting", "lines of this day may still arrive", "ingesting")
UNCOMPACTED = CellKind("U", "uncompacted", "index files wait for the compactor", "uncompacted")
HOT = CellKind("H", "in Hot", "compacted; stays in Hot until it moves or expires", "hot")
COOL = CellKind("C", "in Cool", "in its final tier until it expires", "cool")
COLD = CellKind("K", "in Cold", "in its final tier until it expires", "cold")
ARCHIVED = CellKind("A", "in Archive", "offline: queries that need it fail", "expired")
EXPIRING = CellKind("E", "expiring", "its first chunks are past their retention", "expiring")
EXPIRED = CellKind("X", "expired", "past all retention, being deleted", "expired")
WRONG = CellKind("!", "wrong", "has a finding", "wrong")
UNCHECKED = CellKind("?", "not checked", "the last audit could not check it", "unchecked")
ACCEPTED = CellKind("*", "accepted", "has a finding that a person accepted for a time", "accepted")
NOTHING = CellKind(NO_TABLE, "nothing stored", "never written, or expired and deleted", "nothing")
CELL_KINDS = {
    kind.letter: kind
    for kind in (
        WRONG, UNCHECKED, ACCEPTED, INGESTING, UNCOMPACTED, HOT, COOL, COLD, ARCHIVED, EXPIRING, EXPIRED, NOTHING,
    )
}  # fmt: skip
_BY_PHASE = {
    Phase.INGESTING: INGESTING,
    Phase.UNCOMPACTED: UNCOMPACTED,
    Phase.COMPACTED: HOT,
    Phase.EXPIRING: EXPIRING,
    Phase.EXPIRED: EXPIRED,
}
_BY_TIER: Mapping[int, CellKind] = {Tier.COOL: COOL, Tier.COLD: COLD, Tier.ARCHIVE: ARCHIVED}
_TIERS = tuple(Tier)
_MARKS: Sequence[Mark] = ("error", "warning", "unknown", "ok")


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar."""

    row: TableRow
    findings: tuple[KnownFinding, ...]
    """Findings about it that are worth marking."""

    @property
    def date(self) -> date:
        return _EPOCH + timedelta(days=self.row.day)

    @property
    def kind(self) -> CellKind:
        """The phase and tier of the table."""
        if self.row.phase is not Phase.RETAINED:
            return _BY_PHASE[self.row.phase]
        tiers = self.row.tier_chunks
        return _BY_TIER.get(tiers.index(max(tiers)), HOT)

    @property
    def letter(self) -> str:
        """The sign of its findings, or else its phase."""
        if not self.findings:
            return self.kind.letter
        unaccepted = [entry for entry in self.findings if entry.acceptance is None]
        if not unaccepted:
            return ACCEPTED.letter
        return (UNCHECKED if all(map(is_unchecked, unaccepted)) else WRONG).letter


@dataclass(frozen=True, slots=True)
class Run:
    """Days in a row that look the same."""

    letters: str
    css: str
    href: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Month:
    """A line of the calendar."""

    name: str
    text: str
    """The same in words."""
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    """The calendar of a tenant."""

    months: tuple[Month, ...]
    """The newest first."""
    letters: Mapping[str, int]
    """How many days have a letter."""
    mark: Mark


def is_unchecked(entry: KnownFinding) -> bool:
    """Whether a finding says that something could not be checked."""
    return entry.finding.cls.name in NOT_CHECKED


def mark_of(findings: Iterable[KnownFinding]) -> Mark:
    """Return the mark for findings: that of the worst one that nobody accepted."""
    return min((_mark(entry) for entry in findings), key=_MARKS.index, default="ok")


def _mark(entry: KnownFinding) -> Mark:
    if not entry.alarms:
        return "ok"
    if is_unchecked(entry):
        return "unknown"
    return "error" if breaks_promise(entry) else "warning"


def worth_marking(entry: KnownFinding) -> bool:
    """Whether a day with this finding looks different: it is more than worth knowing."""
    return entry.finding.cls.severity is not Severity.INFO


def calendar(days: Sequence[Day]) -> Calendar:
    """Return the calendar of a tenant's days, which are in order. There is at least one."""
    by_date = {day.date: day for day in days}
    # A tenant may have two tables on the day of a new schema period: the wrong one is shown.
    for day in days:
        if day.findings:
            by_date[day.date] = day
    wrong = sum(bool(day.findings) for day in by_date.values())
    months = []
    for first in _months(days[0].date, days[-1].date):
        cells = [_cell(first, number, by_date, days[-1].date) for number in range(31)]
        months.append(Month(f"{first:%Y-%m}", _words(cells), tuple(_runs(cells, has_links=wrong <= MOST_LINKS))))
    return Calendar(
        tuple(reversed(months)),
        Counter(day.letter for day in by_date.values()),
        mark_of(entry for day in days for entry in day.findings),
    )


def explanations(days: Sequence[Day], as_of: datetime) -> dict[str, Any]:
    """Return what explains each day, as plain JSON of one list for each fact. The page's script reads it.

    Dates are in days after the table's day, because then most of them are equal, which compresses well.
    """
    first, last = days[0].date, days[-1].date
    length = (last - first).days + 1
    texts: list[tuple[str, str, str, str]] = []
    numbers: dict[tuple[str, str, str, str], int] = {}
    columns: dict[str, list[Any]] = {
        name: [None] * length for name in ("text", "chunks", "size", "files", "due", "from", "until")
    }
    tiers: dict[int, str] = {}
    findings: dict[int, list[tuple[str, str]]] = {}
    for day in days:
        row, offset = day.row, (day.date - first).days
        if offset in findings:
            continue
        used = [(tier, count) for tier, count in zip(_TIERS, row.tier_chunks, strict=True) if count]
        text = (
            row.table.removesuffix(str(row.day)),
            f"{row.phase.value}: {day.kind.meaning}",
            row.action,
            f"all in {used[0][0].azure}" if len(used) == 1 else "",
        )
        if text not in numbers:
            numbers[text] = len(texts)
            texts.append(text)
        columns["text"][offset] = numbers[text]
        columns["chunks"][offset] = row.chunks
        columns["size"][offset] = size_text(row.bytes)
        columns["files"][offset] = row.files
        columns["due"][offset] = _due(row, as_of)
        columns["from"][offset] = _after(row, row.first_expires)
        columns["until"][offset] = _after(row, row.last_expires)
        if len(used) > 1:
            tiers[offset] = ", ".join(f"{count:,} in {tier.azure}" for tier, count in used)
        if day.findings:
            findings[offset] = [(entry.finding.cls.name, entry.finding.id) for entry in day.findings]
    return {
        "first": first.isoformat(),
        "day": days[0].row.day,
        "checked": moment_text(as_of),
        "texts": texts,
        **columns,
        "tiers": tiers,
        "found": findings,
    }


def _due(row: TableRow, as_of: datetime) -> int | str | None:
    if row.due is None:
        return None
    if row.is_overdue(as_of):
        return f"{moment_text(row.due)} (overdue)"
    return moment_text(row.due) if row.due - as_of < SOON else _after(row, row.due)


def _after(row: TableRow, moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp()) // 86_400 - row.day


def _months(first: date, last: date) -> list[date]:
    months = [first.replace(day=1)]
    while (following := (months[-1] + timedelta(days=31)).replace(day=1)) <= last:
        months.append(following)
    return months


def _cell(month: date, number: int, by_date: Mapping[date, Day], last: date) -> tuple[str, Day | None]:
    """Return the letter of a day of a month, and the day."""
    moment = month + timedelta(days=number)
    if moment.month != month.month or moment > last:
        return NO_DAY, None
    day = by_date.get(moment)
    return (day.letter, day) if day else (NO_TABLE, None)


def _words(cells: Sequence[tuple[str, Day | None]]) -> str:
    counts = Counter(letter for letter, day in cells if day)
    return ", ".join(f"{counts[letter]} {kind.name}" for letter, kind in CELL_KINDS.items() if counts[letter])


def _runs(cells: Sequence[tuple[str, Day | None]], *, has_links: bool) -> Iterable[Run]:
    for letter, group in groupby(cells, key=lambda cell: cell[0]):
        days = [day for _, day in group]
        css = CELL_KINDS[letter].css if letter != NO_DAY else ""
        if has_links and any(day and day.findings for day in days):
            for day in days:
                if day:
                    names = ", ".join(entry.finding.cls.name for entry in day.findings)
                    yield Run(letter, css, f"#finding={day.findings[0].finding.id}", f"{day.date}: {names}")
        else:
            yield Run(letter * len(days), css)
