"""The texts of a drill. Pure: values in, text for a terminal out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Group
from rich.table import Table
from rich.text import Text

from logops.alerts.active import ActiveAlert
from logops.findings import Finding
from logops.findings.links import page_url
from logops.number_text import age_text
from logops.quickstart.drill.faults import Fault
from logops.quickstart.drill.scenarios import Scenario
from logops.quickstart.summary import LOGOPS
from logops.toolchain.progress_board import duration
from logops.wrapping import wrapped

_COLOURS = {"critical": "bold red", "error": "red", "warning": "yellow"}


@dataclass(frozen=True)
class Times:
    """Times since the start of a drill, in seconds."""

    found_s: float
    alerted_s: float
    repaired_s: float
    resolved_s: float


def menu(scenarios: Sequence[Scenario]) -> Group:
    """Return the scenarios to choose from, each with a number."""
    rows = _grid()
    for number, scenario in enumerate(scenarios, 1):
        rows.add_row(f"{number}", scenario.name, Text(f"{scenario.title} {_usually(scenario)}."))
    return Group(Text("What shall be broken? Everything is repaired at the end.\n"), rows)


def announcement(scenario: Scenario, faults: Sequence[Fault], environment: str) -> Group:
    """Return what will be done: said before anything is broken."""
    rows = _grid()
    rows.add_row("Breaks", Text("\n".join(fault.text for fault in faults)))
    rows.add_row("Found by", Text(", ".join(scenario.dags)))
    rows.add_row("Expected", Text(", ".join(f"{cls.name} ({cls.severity.value})" for cls in scenario.classes)))
    rows.add_row("Repair", Text("\n".join(fault.repair_text for fault in reversed(faults))))
    rows.add_row("Time", Text(f"{_usually(scenario)}. Ctrl-C repairs at once."))
    return Group(Text(f"\nDrill {scenario.name} on {environment}: {scenario.title}", style="bold"), rows, Text())


def findings(reported: Sequence[Finding], width: int) -> Group:
    """Return findings as the log of a check has them: what is wrong, then what to do.

    width   of the terminal; a command is wider if it must be, so that it can be copied
    """
    return Group(
        Text("\nWhat the checks found (it makes their runs red)", style="bold"),
        *(_finding(finding, width) for finding in reported),
        Text(),
    )


def alerts(
    active: Sequence[ActiveAlert], reported: Sequence[Finding], environment: str, airflow_url: str, now: datetime
) -> Group:
    """Return alerts as Alertmanager has them, and the address of the page with their findings."""
    rows = _grid()
    for alert in active:
        age = age_text((now - alert.since).total_seconds())
        rows.add_row("", Text())
        rows.add_row("Alert", Text(f"{alert.severity} {alert.name}", style=_COLOURS.get(alert.severity, "")))
        rows.add_row("What", Text(alert.summary))
        rows.add_row("Where", Text(alert.subject))
        rows.add_row("Since", Text(f"{alert.since:%Y-%m-%d %H:%M:%S} UTC, {age} ago"))
        rows.add_row("Team", Text(alert.team))
        rows.add_row("Told", Text(alert.told))
    links = _grid()
    for finding in reported:
        links.add_row(finding.cls.name, Text(page_url(airflow_url, finding)))
    links.add_row("all alerts", Text(f"{LOGOPS} alerts list {environment}"))
    return Group(
        Text("\nWhat Alertmanager has", style="bold"), rows, Text("\nWhere to look", style="bold"), links, Text()
    )


def conclusion(environment: str, times: Times) -> Text:
    """Return the last line of a drill that ended well."""
    return Text(
        f"\nFound after {duration(times.found_s)}, alerted after {duration(times.alerted_s)}, repaired after "
        f"{duration(times.repaired_s)}, gone after {duration(times.resolved_s)}. {environment} is as it was before.",
        style="bold green",
    )


def _finding(finding: Finding, width: int) -> Text:
    severity = finding.cls.severity.value
    rows = (
        ("What", finding.message),
        ("Why it matters", finding.cls.why),
        ("What to do", finding.remedy_text),
    )
    lines = [wrapped(f"{label:<16}{text}", width, 2, 18) for label, text in rows]
    return Text.assemble(
        (f"{severity} {finding.cls.name}", _COLOURS.get(severity, "")), *(f"\n{line}" for line in lines)
    )


def _usually(scenario: Scenario) -> str:
    return f"Usually {duration(scenario.usual_s)}"


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    return grid
