"""Does the platform run what was approved? The open differences, each with its diff, its author and the way back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from logops.drift.run import AIRFLOW_CHECK, CHECK
from logops.findings.classes.rollout import CHECK_INCOMPLETE
from logops.number_text import age_text, count_text
from logops.report import state
from logops.report.airflow_run import form_path
from logops.report.section import Mark, Section, Shown, render
from logops.report.state import KnownFinding, State, breaks_promise

ID = "drift"
TITLE = "Drift"
CHECKS = (CHECK, AIRFLOW_CHECK)
MAX_LINES = 120
"""Lines of a diff on the page."""
MAX_DIFFERENCES = 100
_WITH_OWN_PLACE = ("diff", "rollout_form", "changed_by", "changed_at", "rolled_out_by", "rolled_out_at")
read = state.read


@dataclass(frozen=True, slots=True)
class Difference:
    """An open difference as the template shows it."""

    known: KnownFinding
    mark: Mark
    title: str
    """The file, process, rule or container that differs."""
    who: str
    """Who changed it, and when; empty if that cannot be known."""
    rolled_out: str
    """The last rollout of its stage."""
    form: str
    """Path of the filled form that rolls its stage out; empty: no rollout corrects it."""
    diff: tuple[str, ...]
    left: int
    """Lines of the diff that are not shown."""
    evidence: tuple[tuple[str, str], ...]


def section(data: State, shown: Shown) -> Section:
    """Return the section about the differences that the reader may see."""
    visible = data.shown_to(shown)
    of_drift = [entry for entry in visible.findings if entry.check in CHECKS]
    different = [entry for entry in of_drift if entry.finding.cls.name != CHECK_INCOMPLETE.name]
    unread = [entry for entry in of_drift if entry.finding.cls.name == CHECK_INCOMPLETE.name]
    not_accepted = sorted(
        (entry for entry in different if entry.acceptance is None),
        key=lambda entry: (-entry.finding.cls.severity.rank, entry.since, entry.finding.subject),
    )
    accepted = [entry for entry in different if entry.acceptance is not None]
    last = last_run(visible)
    mark, summary = _answer(visible, not_accepted, accepted, unread, last)
    body = render(
        "drift.html",
        environment=visible.environment,
        now=visible.now,
        last=last,
        not_accepted=[_difference(entry) for entry in not_accepted[:MAX_DIFFERENCES]],
        more=max(0, len(not_accepted) - MAX_DIFFERENCES),
        accepted=[_difference(entry) for entry in accepted[:MAX_DIFFERENCES]],
        unread=unread,
    )
    return Section(ID, TITLE, summary, body, mark)


def last_run(visible: State) -> datetime | None:
    """Return when the platform was last compared; None: never."""
    return next((check.run.as_of for check in visible.checks if check.name == CHECK and check.run), None)


def _answer(
    visible: State,
    not_accepted: Sequence[KnownFinding],
    accepted: Sequence[KnownFinding],
    unread: Sequence[KnownFinding],
    last: datetime | None,
) -> tuple[Mark, str]:
    """Return whether the platform runs what was approved, in one sentence."""
    if last is None:
        return "unknown", "Nobody has compared yet what runs with what was approved: the check drift has never run."
    age = age_text((visible.now - last).total_seconds())
    taken = f" {count_text(len(accepted), 'difference')} accepted for a time." if accepted else ""
    gap = f" {count_text(len(unread), 'part')} could not be compared." if unread else ""
    if not_accepted:
        first = not_accepted[0]
        oldest = age_text((visible.now - min(entry.since for entry in not_accepted)).total_seconds())
        mark: Mark = "error" if any(breaks_promise(entry) for entry in not_accepted) else "warning"
        differences = count_text(len(not_accepted), "difference")
        text = f"{differences} to what was approved, the oldest for {oldest}: {_title(first)}"
        return mark, f"{text}{' and others' if len(not_accepted) > 1 else ''}.{gap}{taken}"
    overdue = any(visible.is_overdue(check) for check in visible.checks if check.name == CHECK)
    if overdue:
        return "unknown", f"Everything ran as approved {age} ago. Nobody has compared since.{gap}{taken}"
    if unread:
        return "unknown", f"No difference is known, but not everything was compared {age} ago.{gap}{taken}"
    return "ok", f"Everything runs as approved, compared {age} ago.{taken}"


def _difference(entry: KnownFinding) -> Difference:
    evidence = {name: str(value) for name, value in entry.finding.evidence.items()}
    lines = evidence.get("diff", "").splitlines()
    return Difference(
        known=entry,
        mark="error" if breaks_promise(entry) else "warning" if entry.alarms else "unknown",
        title=_title(entry),
        who=_dated(evidence.get("changed_by", ""), evidence.get("changed_at", "")),
        rolled_out=_dated(evidence.get("rolled_out_by", ""), evidence.get("rolled_out_at", "")),
        form=form_path(entry.finding),
        diff=tuple(lines[:MAX_LINES]),
        left=max(0, len(lines) - MAX_LINES),
        evidence=tuple(
            (name.replace("_", " "), value) for name, value in evidence.items() if name not in _WITH_OWN_PLACE
        ),
    )


def _title(entry: KnownFinding) -> str:
    subject = entry.finding.subject
    return subject.path or subject.source or subject.tenant or subject.cluster or entry.finding.cls.name


def _dated(who: str, moment: str) -> str:
    """Return a person and a moment, as far as they are known.

    >>> _dated("root", "2026-11-28T10:02:11+00:00"), _dated("root", ""), _dated("", "")
    ('root, 2026-11-28 10:02 UTC', 'root', '')
    """
    at = f"{moment[:16].replace('T', ' ')} UTC" if moment else ""
    return ", ".join(text for text in (who, at) if text)
