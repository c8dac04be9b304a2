"""`logops findings ...`: what all checks found, and what a person accepted."""

import getpass
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import typer

from logops.checks.open_findings import read_open
from logops.cli.as_of import moment
from logops.cli.output.columns import Column
from logops.cli.output.console import FOUND, OK, print_json, print_text, stop, width
from logops.cli.output.table import show_table
from logops.cli.targets import environment, known_class, results_store
from logops.environment.units import Duration
from logops.errors import LogopsError
from logops.findings import Severity, Subject
from logops.findings.acceptance import Acceptance, accept, acceptance_of, read_acceptances, write_acceptance
from logops.findings.history import OpenFinding
from logops.number_text import age_text, count_text
from logops.rollout.approval import terminal_approver
from logops.wrapping import wrapped


@dataclass(frozen=True)
class Row:
    """A finding in the list."""

    check: str
    open: OpenFinding
    acceptance: Acceptance | None


def list_(name: str, as_of: str | None, as_json: bool) -> None:
    """Run `logops findings list`."""
    loaded = environment(name)
    now = moment(as_of, datetime.now(UTC))
    try:
        store = results_store(loaded)
        states = read_open(store, loaded.name, now)
        accepted = read_acceptances(store, loaded.name, now)
    except LogopsError as error:
        stop(str(error))
    rows = sorted(
        (
            Row(state.run.check, found, acceptance_of(found.finding, accepted))
            for state in states
            for found in state.open
        ),
        key=lambda row: (row.acceptance is not None, -row.open.finding.cls.severity.rank, row.open.since),
    )
    checks = {state.run.check: state.run.as_of for state in states}
    if as_json:
        print_json(
            {
                "checks": {check: last.isoformat() for check, last in checks.items()},
                "findings": [_to_dict(row) for row in rows],
            }
        )
    else:
        print_text(wrapped(_headline(loaded.name, rows, checks, now), width()))
        if rows:
            print_text("")
            show_table(_columns(rows, now))
    failed = any(not row.acceptance and row.open.finding.cls.severity.rank >= Severity.ERROR.rank for row in rows)
    raise typer.Exit(FOUND if failed else OK)


def accept_(name: str, cls: str, length: str, why: str, **parts: str | None) -> None:
    """Run `logops findings accept`."""
    loaded = environment(name)
    now = datetime.now(UTC)
    subject = Subject(loaded.name, **{part: value for part, value in parts.items() if value})
    try:
        acceptance = accept(
            known_class(cls).name,
            subject,
            terminal_approver(loaded, getpass.getuser()),
            why,
            Duration(length).timedelta,
            now,
        )
        store = results_store(loaded)
        write_acceptance(store, acceptance)
        states = read_open(store, loaded.name, now)
    except (LogopsError, ValueError) as error:
        stop(str(error))
    covered = sum(acceptance.covers(found.finding) for state in states for found in state.open)
    done = "ended" if acceptance.until == acceptance.at else acceptance.text
    print_text(wrapped(f"{cls} of {subject}: {done}. It is about {count_text(covered, 'open finding')}.", width()))


def _headline(name: str, rows: Sequence[Row], checks: dict[str, datetime], now: datetime) -> str:
    if not checks:
        return f"{name}: no check has run yet."
    accepted = sum(row.acceptance is not None for row in rows)
    count = count_text(len(rows) - accepted, "open finding") if len(rows) > accepted else "no open findings"
    oldest = min(checks, key=lambda check: checks[check])
    age = age_text((now - checks[oldest]).total_seconds())
    return (
        f"{name}: {count}{f', {accepted} accepted' if accepted else ''}; {count_text(len(checks), 'check')}, "
        f"the oldest run is of {oldest}, {age} ago."
    )


def _columns(rows: Sequence[Row], now: datetime) -> list[Column]:
    findings = [row.open.finding for row in rows]
    # All are of one environment.
    prefix = f"environment={findings[0].subject.environment} "
    subjects = [str(finding.subject).removeprefix(prefix) for finding in findings]
    return [
        Column("finding", [finding.cls.name for finding in findings]),
        Column("id", [finding.id for finding in findings]),
        Column("severity", [finding.cls.severity.value for finding in findings], 90),
        Column("since", [age_text((now - row.open.since).total_seconds()) for row in rows], 80),
        Column("about", subjects, below=True),
        Column("what", [finding.message for finding in findings], below=True),
        Column(
            "accepted",
            [row.acceptance.text.removeprefix("accepted ") if row.acceptance else "" for row in rows],
            below=True,
        ),
    ]


def _to_dict(row: Row) -> dict[str, object]:
    return {
        "id": row.open.finding.id,
        **row.open.finding.to_dict(),
        "check": row.check,
        "since": row.open.since.isoformat(),
        "accepted": row.acceptance.text if row.acceptance else None,
    }
