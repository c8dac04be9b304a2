"""`logops doctor`: check configuration files that you already have."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from logops.cli.console import OK, JsonOption, out, print_json, say, stop
from logops.cli.findings import exit_code, listing, summary
from logops.doctor import DocumentError, RetentionPromise, check, migrate, read_documents
from logops.doctor.reading.documents import read_file
from logops.environment.units import Duration
from logops.findings import Finding
from logops.number_text import count_text

app = typer.Typer()


def _parse_promise(text: str) -> Duration:
    try:
        return Duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@app.command(epilog="Example: logops doctor values.yaml promtail.yaml --keep 90d --hot 30d")
def doctor(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Files that belong together: Loki configurations, Helm values, ConfigMaps, configurations of agents, "
            "lifecycle policies (JSON or Terraform).",
        ),
    ],
    keep: Annotated[
        Duration | None, typer.Option(parser=_parse_promise, help="Promised retention of the logs, for example 90d.")
    ] = None,
    hot: Annotated[
        Duration | None,
        typer.Option(parser=_parse_promise, help="Promised time in the Hot tier, for example 30d. Requires --keep."),
    ] = None,
    migrated: Annotated[
        bool, typer.Option("--migrate", help="Print FILE migrated to Loki 3.7, with a list of the changes on top.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Report mistakes in configuration files. Changes no file.

    Exit status 1: errors were found. 2: a file cannot be read or its kind is unknown.
    """
    now = datetime.now(UTC)
    if hot and not keep:
        stop("--hot is given without --keep. Add --keep with the promised retention, for example --keep 90d.")
    try:
        if migrated:
            if len(files) != 1:
                stop(f"--migrate takes exactly one FILE, but {len(files)} were given. Run it once for each file.")
            print(migrate(read_file(files[0]), str(files[0]), now), end="")
            raise typer.Exit(OK)
        promise = RetentionPromise(keep.timedelta, hot.timedelta if hot else None) if keep else None
        findings = check(read_documents(files, promise), now)
    except DocumentError as invalid:
        stop(str(invalid))
    if as_json:
        print_json([finding.to_dict() for finding in findings])
    else:
        _show(findings)
        say(f"{count_text(len(files), 'file')}: {summary(findings)}")
    raise typer.Exit(exit_code(findings))


def _show(findings: Sequence[Finding]) -> None:
    """Print the findings by file, worst first."""
    by_file: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_file[str(finding.evidence["file"])].append(finding)
    for file, file_findings in by_file.items():
        if len(by_file) > 1:
            out.print(f"{file}\n", style="bold underline", highlight=False, markup=False)
        out.print(listing(file_findings))
