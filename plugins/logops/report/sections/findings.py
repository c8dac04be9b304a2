"""The findings of all checks: each with its age, evidence, remedy, history, and who accepted it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from logops.findings import Finding, Identity
from logops.findings.groups import FindingGroup, grouped
from logops.number_text import count_text
from logops.report import state
from logops.report.airflow_run import form_path, log_path, run_path
from logops.report.section import Mark, Section, Shown, moment_text, render
from logops.report.state import KnownFinding, State, breaks_promise
from logops.report.timeline import Seen

ID = "findings"
TITLE = "Findings"
MOST_ENTRIES = 250
"""Entries with all details. Further ones are rows of a table."""
MOST_ROWS = 1000
"""Rows of a table of findings. What is beyond is counted, and named by a command."""
read = state.read


@dataclass(frozen=True, slots=True)
class Entry:
    """Findings of one cause, as an article of the page."""

    id: str
    """Id of the element, which is the text after `#` in links."""
    mark: Mark
    group: FindingGroup
    since: datetime
    checks: str
    run: str
    run_path: str
    """Of the run in Airflow; empty: it was run elsewhere."""
    log_path: str
    """Of the log of that run in Airflow."""
    form_path: str
    """Of the form in Airflow for the rollout that corrects it; empty: no rollout does."""
    strip: Markup
    strip_text: str
    acceptance: str
    evidence: tuple[tuple[str, str], ...]
    members: tuple[tuple[Finding, datetime], ...]
    """The findings of a group, the oldest first; none if it has only one."""
    more: int
    """Findings of the group that are not listed."""
    filter: str
    """Words for the filter box that the article does not show."""


def section(data: State, shown: Shown) -> Section:
    """Return the section with all findings that the reader may see."""
    visible = data.shown_to(shown)
    not_accepted = [entry for entry in visible.findings if entry.acceptance is None]
    accepted = [entry for entry in visible.findings if entry.acceptance is not None]
    groups = _groups(not_accepted)
    gone = sorted(visible.gone, key=lambda entry: entry.until, reverse=True)
    body = render(
        "findings.html",
        now=visible.now,
        environment=visible.environment,
        entries=[_entry(*group) for group in groups[:MOST_ENTRIES]],
        rows=[_entry(*group) for group in groups[MOST_ENTRIES : MOST_ENTRIES + MOST_ROWS]],
        more=max(0, len(groups) - MOST_ENTRIES - MOST_ROWS),
        accepted=[_entry(*group) for group in _groups(accepted)[:MOST_ENTRIES]],
        gone=gone[:MOST_ROWS],
        is_checked=any(check.run for check in visible.checks),
        days_gone=state.GONE_FOR.days,
    )
    return Section(
        ID, TITLE, _summary(visible, not_accepted, accepted, len(groups)), body, _mark(not_accepted, visible)
    )


def group_link(group: FindingGroup) -> str:
    """Return the id of the article of a group: of its finding, or of the group."""
    name = "finding" if len(group.findings) == 1 else "group"
    return f"{name}={group.findings[0].id}"


def strip_svg(strip: Sequence[tuple[datetime, Seen]]) -> Markup:
    """Return the strip of the runs that saw a finding: a filled cell saw it, an empty one did not, a dot is unknown."""
    width = 8
    paths = {
        "seen": "".join(f"M{width * place} 0h6v12h-6z" for place, (_, state) in enumerate(strip) if state == "seen"),
        "not": "".join(f"M{width * place} 11h6v1h-6z" for place, (_, state) in enumerate(strip) if state == "not seen"),
        "unknown": "".join(
            f"M{width * place + 2} 5h2v2h-2z" for place, (_, state) in enumerate(strip) if state == "unknown"
        ),
    }
    drawn = Markup("").join(
        Markup('<path class="{}" d="{}"/>').format(name, path) for name, path in paths.items() if path
    )
    return Markup('<svg class="strip" aria-hidden="true" width="{width}" height="12">{drawn}</svg>').format(
        width=width * len(strip), drawn=drawn
    )


def strip_text(strip: Sequence[tuple[datetime, Seen]]) -> str:
    """Return the strip in words.

    >>> from datetime import UTC
    >>> strip_text([(datetime(2026, 11, 27, 3, tzinfo=UTC), "seen"), (datetime(2026, 11, 28, tzinfo=UTC), "not seen")])
    'Seen by 1 of the last 2 runs, from 2026-11-27 03:00 UTC on.'
    """
    if len(strip) == 1:
        return f"Seen by the first run that is known, {moment_text(strip[0][0])}."
    count = sum(state == "seen" for _, state in strip)
    unknown = sum(state == "unknown" for _, state in strip)
    unsure = f" {count_text(unknown, 'run')} did not look." if unknown else ""
    return f"Seen by {count} of the last {count_text(len(strip), 'run')}, from {moment_text(strip[0][0])} on.{unsure}"


def _summary(
    visible: State, not_accepted: Sequence[KnownFinding], accepted: Sequence[KnownFinding], entries: int
) -> str:
    if not any(check.run for check in visible.checks):
        return "No check has run yet, so nothing was found and nothing is proven."
    open_text = count_text(len(not_accepted), "open finding") if not_accepted else "No open findings"
    causes = f" in {count_text(entries, 'entry')}" if entries < len(not_accepted) else ""
    accepted_text = f", {len(accepted)} accepted" if accepted else ""
    gone = f", {len(visible.gone)} gone in the last {state.GONE_FOR.days} days" if visible.gone else ""
    return f"{open_text}{causes}{accepted_text}{gone}."


def _mark(not_accepted: Sequence[KnownFinding], visible: State) -> Mark:
    if any(breaks_promise(entry) for entry in not_accepted):
        return "error"
    if any(entry.alarms for entry in not_accepted):
        return "warning"
    return "ok" if any(check.run for check in visible.checks) else "unknown"


def _groups(findings: Iterable[KnownFinding]) -> list[tuple[FindingGroup, list[KnownFinding]]]:
    """Return the findings by cause, the most serious first."""
    by_identity: dict[Identity, KnownFinding] = {}
    for entry in findings:
        known = by_identity.get(entry.finding.identity)
        if known is None or entry.since < known.since:
            by_identity[entry.finding.identity] = entry
    groups = grouped(entry.finding for entry in by_identity.values())
    return [(group, [by_identity[finding.identity] for finding in group.findings]) for group in groups]


def _entry(group: FindingGroup, entries: Sequence[KnownFinding]) -> Entry:
    oldest = min(entries, key=lambda entry: entry.since)
    ordered = sorted(entries, key=lambda entry: (entry.since, entry.finding.subject))
    members = tuple((entry.finding, entry.since) for entry in ordered) if len(entries) > 1 else ()
    severity = group.cls.severity
    mark: Mark = "error" if severity.rank >= 2 else "warning" if severity.rank == 1 else "unknown"
    return Entry(
        id=group_link(group),
        mark=mark,
        group=group,
        since=oldest.since,
        checks=", ".join(sorted({entry.check for entry in entries})),
        run=oldest.run.id,
        run_path=run_path(oldest.run),
        log_path=log_path(oldest.run),
        form_path=form_path(group.example),
        strip=strip_svg(oldest.strip),
        strip_text=strip_text(oldest.strip),
        acceptance=oldest.acceptance.text if oldest.acceptance else "",
        evidence=tuple(
            (name.replace("_", " "), str(value))
            for name, value in group.example.evidence.items()
            if name != "rollout_form"
        ),
        members=members[:MOST_ROWS],
        more=max(0, len(members) - MOST_ROWS),
        filter=severity.value,
    )
