"""`logops findings show` and `history`: one finding with everything that is known, and what began and ended."""

from collections.abc import Sequence
from datetime import UTC, datetime

import typer
from rich.text import Text

from logops.cli.as_of import moment
from logops.cli.output.columns import Column
from logops.cli.output.console import FOUND, OK, print_json, print_text, printable, stop, width
from logops.cli.output.findings import STYLES
from logops.cli.output.table import show_table
from logops.cli.targets import environment, results_store
from logops.environment import Environment
from logops.environment.units import Duration
from logops.errors import LogopsError
from logops.findings import Finding
from logops.findings.causes import cause_of
from logops.findings.classes import REGISTRY
from logops.findings.events import Event, read_events
from logops.findings.links import page_url
from logops.number_text import age_text, count_text
from logops.report.state import Gone, KnownFinding, State, read
from logops.suggestions import did_you_mean
from logops.wrapping import wrapped

_MOST_IN_FULL = 10
"""Findings of a class that are shown with everything."""


def show(name: str, id_or_class: str, as_of: str | None, as_json: bool) -> None:
    """Run `logops findings show`."""
    loaded = environment(name)
    now = moment(as_of, datetime.now(UTC))
    try:
        state = read(results_store(loaded), loaded, now)
    except LogopsError as error:
        stop(str(error))
    entries = [entry for entry in state.findings if id_or_class in (entry.finding.id, entry.finding.cls.name)]
    gone = [entry for entry in state.gone if id_or_class in (entry.finding.id, entry.finding.cls.name)]
    if not entries and not gone:
        stop(_not_found(loaded.name, id_or_class, state), FOUND)
    others = [entry.finding for entry in state.findings]
    if as_json:
        print_json(
            {
                "open": [_to_dict(entry, others, loaded) for entry in entries],
                "gone": [
                    {
                        "id": entry.finding.id,
                        **entry.finding.to_dict(),
                        "check": entry.check,
                        "since": entry.since.isoformat(),
                        "until": entry.until.isoformat(),
                    }
                    for entry in gone
                ],
            }
        )
        raise typer.Exit(FOUND if entries else OK)
    for entry in entries[:_MOST_IN_FULL]:
        print_text(_text(entry, others, loaded, now))
    if len(entries) > _MOST_IN_FULL:
        more = count_text(len(entries) - _MOST_IN_FULL, "more open finding")
        print_text(wrapped(f"{more} of this class: `logops findings list {loaded.name}`.", width()))
    for ended in gone:
        print_text(_gone_text(ended))
    raise typer.Exit(FOUND if entries else OK)


def history(name: str, id_or_class: str | None, length: str, as_of: str | None, as_json: bool) -> None:
    """Run `logops findings history`."""
    loaded = environment(name)
    now = moment(as_of, datetime.now(UTC))
    try:
        first = now - Duration(length).timedelta
        events = read_events(results_store(loaded), loaded.name, first, now)
    except (LogopsError, ValueError) as error:
        stop(str(error))
    if id_or_class:
        events = [event for event in events if id_or_class in (event.finding.id, event.finding.cls.name)]
    if as_json:
        print_json({"from": first.isoformat(), "events": [event.to_dict() for event in events]})
        return
    new = sum(not event.ended for event in events)
    of_class = f" of {id_or_class}" if id_or_class else ""
    print_text(
        wrapped(
            f"{loaded.name}, since {first:%Y-%m-%d %H:%M} UTC: {count_text(new, 'new finding')}{of_class}, "
            f"{len(events) - new} gone.",
            width(),
        )
    )
    if events:
        print_text("")
        show_table(_columns(events, first))


def _not_found(name: str, id_or_class: str, state: State) -> str:
    known = [entry.finding.id for entry in state.findings]
    if id_or_class in REGISTRY:
        return f"{name} has no open finding of class {id_or_class}, and none that went in the last days."
    return (
        f"{name} has no finding {id_or_class}: this is no class and no id.{did_you_mean(id_or_class, REGISTRY)} It has "
        f"{count_text(len(known), 'open finding')}: `logops findings list {name}`. Findings that are gone: "
        f"`logops findings history {name}`."
    )


def _text(entry: KnownFinding, others: Sequence[Finding], loaded: Environment, now: datetime) -> Text:
    finding = entry.finding
    head = Text.assemble(
        (finding.cls.severity.value, STYLES[finding.cls.severity]), " ", (finding.cls.name, "bold"), f"  {finding.id}\n"
    )
    count = sum(state == "seen" for _, state in entry.strip)
    age = age_text((now - entry.since).total_seconds())
    lines = [
        finding.message,
        f"About: {finding.subject}",
        f"Open since {entry.since:%Y-%m-%d %H:%M} UTC ({age}). Seen by {count} of the last "
        f"{count_text(len(entry.strip), 'run')} of {entry.check}; the newest: {entry.run.id} of "
        f"{entry.run.as_of:%Y-%m-%d %H:%M} UTC.",
        *(f"{name}: {value}" for name, value in finding.evidence.items()),
    ]
    if cause := cause_of(finding, others):
        lines.append(f"Explained by {cause.cls.name} ({cause.id}), which is open too.")
    if entry.acceptance:
        lines.append(f"{entry.acceptance.text[0].upper()}{entry.acceptance.text[1:]}.")
    if loaded.alerts.airflow_url:
        lines.append(page_url(loaded.alerts.airflow_url, finding))
    for line in lines:
        for part in str(line).splitlines() or [""]:
            head.append(wrapped(printable(part), width(), 2, 4) + "\n")
    head.append(wrapped(printable(f"-> {finding.remedy_text}"), width(), 2, 4) + "\n", style="green")
    return head


def _gone_text(entry: Gone) -> Text:
    finding = entry.finding
    lasted = age_text((entry.until - entry.since).total_seconds())
    text = (
        f"gone since {entry.until:%Y-%m-%d %H:%M} UTC: {finding.cls.name} of {finding.subject}, {finding.id}. "
        f"It was open for {lasted}, from {entry.since:%Y-%m-%d %H:%M} UTC on."
    )
    return Text(wrapped(printable(text), width(), 0, 2))


def _to_dict(entry: KnownFinding, others: Sequence[Finding], loaded: Environment) -> dict[str, object]:
    cause = cause_of(entry.finding, others)
    url = loaded.alerts.airflow_url
    return {
        "id": entry.finding.id,
        **entry.finding.to_dict(),
        "check": entry.check,
        "since": entry.since.isoformat(),
        "run": entry.run.id,
        "checked_at": entry.run.as_of.isoformat(),
        "runs": [{"at": at.isoformat(), "seen": state} for at, state in entry.strip],
        "explained_by": cause.id if cause else None,
        "accepted": entry.acceptance.text if entry.acceptance else None,
        "page": page_url(url, entry.finding) if url else None,
    }


def _columns(events: Sequence[Event], first: datetime) -> list[Column]:
    prefix = f"environment={events[0].finding.subject.environment} "
    return [
        Column("when (UTC)", [f"{event.run.as_of:%m-%d %H:%M}" for event in events]),
        Column("", ["gone" if event.ended else "new" for event in events]),
        Column("finding", [event.finding.cls.name for event in events]),
        Column("id", [event.finding.id for event in events]),
        Column("lasted", [_lasted(event, first) for event in events], 70),
        Column("check", [event.run.check for event in events], 60),
        Column("about", [str(event.finding.subject).removeprefix(prefix) for event in events], below=True),
    ]


def _lasted(event: Event, first: datetime) -> str:
    if not event.ended:
        return ""
    age = age_text((event.run.as_of - event.since).total_seconds())
    return f"over {age}" if event.since < first else age
