"""`logops doctor`: the same rules on a configuration that somebody already has."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from logops.cli.console import OK, out, print_json, say, stop
from logops.cli.findings import exit_code, listing, summary
from logops.doctor import DocumentError, RetentionPromise, check, migrate, read_documents
from logops.doctor.reading.documents import read_file
from logops.environment.units import Duration
from logops.findings import Finding

app = typer.Typer()


def _promise(text: str) -> Duration:
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
            help="Loki configurations, Helm values, ConfigMaps, agents' configurations, lifecycle policies "
            "(JSON or Terraform): those that belong together, in one call.",
        ),
    ],
    keep: Annotated[
        Duration | None, typer.Option(parser=_promise, help="How long logs were promised to be kept.")
    ] = None,
    hot: Annotated[Duration | None, typer.Option(parser=_promise, help="How long, of that, in the Hot tier.")] = None,
    migrated: Annotated[
        bool, typer.Option("--migrate", help="Print the one FILE as Loki 3.7 reads it, with what was changed on top.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Say what is wrong with configuration that you already have. Changes no file.

    Exit 1: errors found; 2: a file is not readable or not known.
    """
    now = datetime.now(UTC)
    if hot and not keep:
        stop("--hot says how long of --keep: give both")
    try:
        if migrated:
            if len(files) != 1:
                stop("--migrate takes one FILE")
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
        say(f"{len(files)} file{'s' * (len(files) > 1)}: {summary(findings)}")
    raise typer.Exit(exit_code(findings))


def _show(findings: Sequence[Finding]) -> None:
    """By file, worst first."""
    by_file: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_file[str(finding.evidence["file"])].append(finding)
    for file, found in by_file.items():
        if len(by_file) > 1:
            out.print(f"{file}\n", style="bold underline", highlight=False, markup=False)
        out.print(listing(found))
