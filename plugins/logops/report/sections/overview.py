"""The first screen: is every promise kept, what is wrong, since when, what to do, and when was it last checked."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from logops.findings import failed
from logops.findings.groups import grouped
from logops.number_text import age_text, count_text
from logops.report import state
from logops.report.airflow_run import run_path
from logops.report.section import Mark, Section, Shown, render
from logops.report.sections.findings import group_link
from logops.report.state import Check, KnownFinding, State, breaks_promise, is_incomplete

ID = "now"
TITLE = "Now"
MOST_WRONG = 5
"""Groups of findings on the first screen."""
MOST_MUTES = 5
"""Reasons for mutes on the first screen."""
read = state.read


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong, in one row."""

    mark: Mark
    name: str
    message: str
    since: datetime
    remedy: str
    link: str


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A check: its last run, its verdict and whether the next run is overdue."""

    mark: Mark
    name: str
    last: datetime | None
    verdict: str
    due: str
    run_path: str = ""
    """Of the last run in Airflow; empty: it was run elsewhere."""


@dataclass(frozen=True, slots=True)
class MuteRow:
    """A reason why findings alarm nobody, and how long it holds."""

    text: str
    until: datetime
    link: str = ""
    """Id of the element with the findings."""


def section(data: State, shown: Shown) -> Section:
    """Return the first screen."""
    visible = data.shown_to(shown)
    wrong, more = troubles(visible)
    body = render(
        "overview.html",
        now=visible.now,
        environment=visible.environment,
        troubles=wrong,
        more=more,
        checks=[check_row(check, visible) for check in visible.checks],
        mutes=mutes(visible),
        most_mutes=MOST_MUTES,
        delivery=visible.delivery,
    )
    mark, text = verdict(visible)
    return Section(ID, TITLE, text, body, mark)


def verdict(visible: State) -> tuple[Mark, str]:
    """Return whether every promise is kept, in one sentence."""
    wrong = _alarming(visible)
    ran = [check for check in visible.checks if check.run]
    if not ran:
        return "unknown", f"Nothing is known about {visible.environment} yet: no check has run."
    broken = [entry for entry in wrong if breaks_promise(entry) and not is_incomplete([entry])]
    overdue = [check.name for check in ran if visible.is_overdue(check)]
    incomplete = sorted({check.name for check in ran if is_incomplete(visible.of(check))})
    missing = [check.name for check in visible.checks if check.run is None]
    gaps = [
        *([f"{_names(overdue)} {_is(overdue)} overdue"] if overdue else []),
        *([f"{_names(incomplete)} could not check everything"] if incomplete else []),
        *([f"{_names(missing)} {_has(missing)} never run"] if missing else []),
    ]
    unsure = f" {'; '.join(gaps)}." if gaps else ""
    if broken:
        oldest = age_text((visible.now - min(entry.since for entry in broken)).total_seconds())
        breaks = "breaks" if len(broken) == 1 else "break"
        return "error", f"{count_text(len(broken), 'finding')} {breaks} a promise, the oldest for {oldest}.{unsure}"
    warnings = len([entry for entry in wrong if not breaks_promise(entry)])
    said = f" {count_text(warnings, 'warning')}." if warnings else ""
    if gaps:
        return "unknown", f"No promise is known to be broken, but not everything was checked.{unsure}{said}"
    return ("warning" if warnings else "ok"), f"Every promise that is checked is kept.{said}"


def check_row(check: Check, visible: State) -> CheckRow:
    """Return a check as a row."""
    if check.run is None:
        return CheckRow("unknown", check.name, None, "not known", "after the first rollout")
    findings = visible.of(check)
    broken = sum(breaks_promise(entry) for entry in findings)
    accepted = sum(entry.acceptance is not None for entry in findings)
    parts = [
        *(["could not check everything"] if is_incomplete(findings) else []),
        count_text(len(findings), "finding") if findings else "no findings",
        *([f"{accepted} accepted"] if accepted else []),
    ]
    overdue = visible.is_overdue(check)
    due = ""
    if check.due:
        away = age_text(abs((check.due - visible.now).total_seconds()))
        due = f"overdue for {away}" if overdue else f"within {away}"
    elif check.name == "alerts":
        due = "within minutes"
    mark: Mark = "ok"
    if broken:
        mark = "error"
    elif overdue:
        mark = "unknown"
    elif any(entry.alarms for entry in findings):
        mark = "warning"
    return CheckRow(mark, check.name, check.run.as_of, ", ".join(parts), due, run_path(check.run))


def troubles(visible: State) -> tuple[list[Trouble], int]:
    """Return what is wrong and not accepted, the worst first, and how many more there are.

    Findings with one cause are one trouble.
    """
    wrong = _alarming(visible)
    since = {entry.finding.identity: entry.since for entry in wrong}
    groups = grouped(entry.finding for entry in wrong)
    worst = [
        Trouble(
            "error" if failed(group.findings) else "warning",
            group.cls.name,
            group.message,
            min(since[finding.identity] for finding in group.findings),
            group.remedy,
            group_link(group),
        )
        for group in groups[:MOST_WRONG]
    ]
    return worst, len(groups) - len(worst)


def mutes(visible: State) -> list[MuteRow]:
    """Return why findings alarm nobody now: accepted, silenced, or muted by a rollout. What ends first comes first."""
    accepted = Counter(entry.acceptance for entry in visible.findings if entry.acceptance)
    rows = [
        MuteRow(
            f"{count_text(count, 'finding')} accepted by {acceptance.who}: {acceptance.why} ({acceptance.cls})",
            acceptance.until,
            "accepted",
        )
        for acceptance, count in accepted.items()
    ]
    seen = visible.delivery.mutes if visible.delivery else ()
    rows += [MuteRow(mute.text, mute.until) for mute in seen if mute.until > visible.now]
    return sorted(rows, key=lambda row: (row.until, row.text))


def _alarming(visible: State) -> list[KnownFinding]:
    """Return the findings on which somebody must act."""
    return [entry for entry in visible.findings if entry.alarms]


def _names(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _has(names: Sequence[str]) -> str:
    return "has" if len(names) == 1 else "have"
