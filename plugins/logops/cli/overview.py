"""`logops` alone: one screen with the state of this machine's environments. Starts nothing."""

from datetime import UTC, datetime

from rich.table import Table
from rich.text import Text

from logops.checks.overview import CheckState, Overview
from logops.cli.output.console import err, out
from logops.cli.targets import every_environment, results_store
from logops.environment import Environment
from logops.errors import LogopsError
from logops.findings.store import ResultsError
from logops.number_text import age_text
from logops.platforms import open_local
from logops.toolchain import project_root

_MAX_WRONG = 5
"""Troubles shown of each environment."""


def show_overview() -> None:
    """Print what runs here, the last checks with age and verdict, what is wrong, and the next command."""
    now = datetime.now(UTC)
    environments = every_environment()
    local = [environment for environment in environments if environment.platform.kind == "local"]
    with err.status("") as status:
        for environment in local:
            status.update(f"reading the state of {environment.name}")
            _print(_overview(environment, now), now)
    elsewhere = [environment.name for environment in environments if environment not in local]
    if elsewhere:
        _line(f"Not on this machine: {', '.join(elsewhere)}. See `logops audit compaction {elsewhere[0]}`.")
    _line("`logops --help` lists all commands.")


def _overview(environment: Environment, now: datetime) -> Overview:
    problems = []
    try:
        processes = open_local(environment, project_root()).processes()
    except LogopsError as error:
        processes = []
        problems.append(str(error))
    checks = []
    try:
        store = results_store(environment)
        for check in store.checks(environment.name):
            newest = next(store.runs(environment.name, check, now), None)
            if newest:
                checks.append(CheckState(*newest))
    except ResultsError as error:
        problems.append(str(error))
    checks.sort(key=lambda check: check.run.as_of, reverse=True)
    return Overview(environment.name, processes, checks, " ".join(problems))


def _print(overview: Overview, now: datetime) -> None:
    out.print(Text.assemble((overview.environment, "bold"), f": {overview.running_text()}"))
    if overview.checks:
        table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
        for check in overview.checks:
            colour = "red" if check.failed else "yellow" if check.findings or check.is_old(now) else "green"
            table.add_row(
                f"  {check.run.check}",
                f"{age_text((now - check.run.as_of).total_seconds())} ago",
                Text(check.verdict, style=colour),
            )
        out.print(table)
    else:
        _line("  no check has run yet")
    wrong = overview.wrong(now)
    for trouble in wrong[:_MAX_WRONG]:
        _line(f"  wrong: {trouble}")
    if len(wrong) > _MAX_WRONG:
        _line(f"  and {len(wrong) - _MAX_WRONG} more")
    _line(f"  next: {overview.next_command(now)}")
    _line("")


def _line(text: str) -> None:
    out.print(text, markup=False, highlight=False)
