"""`logops drift` at the terminal. The DAG drift_watch does the same."""

import getpass
from datetime import UTC, datetime

import typer
from rich.text import Text

from logops.cli.output.columns import Column
from logops.cli.output.console import FOUND, OK, err, print_json, print_text, printable, say, stop, width
from logops.cli.output.findings import listing
from logops.cli.output.table import show_table
from logops.cli.targets import comparable, results_store
from logops.drift.run import DriftRequest, DriftResult, run_drift
from logops.errors import LogopsError
from logops.findings import Finding
from logops.render import STAGES
from logops.suggestions import did_you_mean
from logops.wrapping import wrapped

_DIFF_STYLES = {"-": "red", "+": "green", "@": "cyan"}
_INDENT = 9


def run(name: str, stages: list[str] | None, record: bool, as_json: bool) -> None:
    """Run `logops drift`."""
    if unknown := [stage for stage in stages or () if stage not in STAGES]:
        stop(f"--stage {unknown[0]}: one of {', '.join(STAGES)}.{did_you_mean(unknown[0], STAGES)}")
    target = comparable(name)
    now = datetime.now(UTC).replace(microsecond=0)
    request = DriftRequest(
        run=f"terminal-{getpass.getuser()}-{now:%Y%m%dT%H%M%SZ}",
        as_of=now,
        stages=tuple(stage for stage in STAGES if not stages or stage in stages),
    )
    if record and not request.is_whole:
        say("Not recorded: it compares less than the scheduled run.")
    try:
        with err.status("") as status:
            store = results_store(target.environment)
            result = run_drift(target, request, store, lambda line: status.update(line), record_result=record)
    except LogopsError as error:
        stop(f"comparing {name} with its environment file: {error}")
    if as_json:
        print_json(result.to_dict())
    else:
        _show(result)
    raise typer.Exit(FOUND if result.failed else OK)


def _show(result: DriftResult) -> None:
    print_text(wrapped(f"{result.environment}: {result.headline}", width()))
    if result.parts:
        print_text("")
        show_table(_columns(result))
    for note in result.notes:
        print_text(wrapped(note, width()))
    for finding in sorted(
        result.findings, key=lambda finding: (finding.id in result.accepted, -finding.cls.severity.rank)
    ):
        print_text("")
        _show_finding(finding, result)


def _columns(result: DriftResult) -> list[Column]:
    parts = result.parts
    return [
        Column("part", [part.name for part in parts]),
        Column("verdict", [part.verdict for part in parts], 95),
        Column("compared", [part.compared for part in parts], 80, wraps=True),
        Column("last rollout", [part.rolled_out for part in parts], 70),
    ]


def _show_finding(finding: Finding, result: DriftResult) -> None:
    """Print a finding, who accepted it, and its diff."""
    print_text(listing([finding], every=True).renderables[0])
    if finding.id in result.accepted:
        print_text(wrapped(printable(result.accepted[finding.id].text), width(), _INDENT))
    for line in str(finding.evidence.get("diff", "")).splitlines():
        print_text(Text(" " * _INDENT + printable(line), style=_DIFF_STYLES.get(line[:1], "")))
