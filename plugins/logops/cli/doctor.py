"""`logops doctor`: check configuration files that you already have."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import typer

from logops.cli.options import Format
from logops.cli.output.console import BAD_INPUT, OK, print_json, say, stop
from logops.cli.output.diagnostics import print_diagnostics
from logops.cli.output.findings import exit_code, summary
from logops.diagnostics.model import Lines
from logops.doctor import Deployment, DocumentError, RetentionPromise, check, migrate, read_each
from logops.doctor.charts import Chart
from logops.doctor.diagnostics import as_diagnostic, unreadable
from logops.doctor.fixable import fixed_by_migration
from logops.doctor.reading.files import read_named
from logops.environment.units import Duration
from logops.findings import Finding
from logops.number_text import count_text

_COMMAND = "logops doctor"


def doctor(
    files: list[Path],
    keep: Duration | None,
    hot: Duration | None,
    chart: Chart | None,
    loki: int,
    migrated: bool,
    form: Format,
    as_json: bool,
) -> None:
    """Run `logops doctor`."""
    now = datetime.now(UTC)
    if hot and not keep:
        stop("--hot is given without --keep. Add --keep with the promised retention, for example --keep 90d.")
    if hot and keep and hot.timedelta > keep.timedelta:
        stop(f"--hot {hot} is longer than --keep {keep}: logs that are deleted are in no tier. Write a shorter --hot.")
    promise = RetentionPromise(keep.timedelta, hot.timedelta if hot else None) if keep else None
    texts, errors = read_named(files)
    if migrated:
        _print_migrated(texts, errors, chart, now)
    deployment, refused = read_each(texts, promise, chart)
    deployment = replace(deployment, for_loki_4=loki == 4)
    errors += refused
    findings = check(deployment, now)
    if as_json:
        print_json([finding.to_dict() for finding in findings])
    else:
        _print_findings(findings, texts, errors, promise, chart, form, now)
        _say_charts(deployment, chart)
    if errors and (as_json or form not in (Format.GITHUB, Format.SARIF)):
        stop("\n".join(map(str, errors)))
    raise typer.Exit(BAD_INPUT if errors else exit_code(findings))


def _say_charts(deployment: Deployment, chosen: Chart | None) -> None:
    """Say for which chart Helm values were judged."""
    for cluster in deployment.clusters:
        if cluster.chart:
            other = "" if chosen else " --chart chooses another one."
            scope = "" if cluster.chart.is_current else " Only Loki's own configuration was judged."
            say(f"{cluster.location.file}: values of the chart {cluster.chart.full_name}.{scope}{other}")


def _print_migrated(
    texts: Mapping[str, str], errors: Sequence[DocumentError], chart: Chart | None, now: datetime
) -> NoReturn:
    """Print the only file, migrated, and end the command: exit 2 if a part of it could not be read."""
    if len(texts) + len(errors) != 1:
        stop(f"--migrate takes exactly one FILE, but {len(texts) + len(errors)} were given. Run it once for each file.")
    if errors:
        stop(str(errors[0]))
    ((file, text),) = texts.items()
    try:
        print(migrate(text, file, now, chart), end="")
    except DocumentError as invalid:
        stop(str(invalid))
    raise typer.Exit(OK)


def _print_findings(
    findings: Sequence[Finding],
    texts: Mapping[str, str],
    errors: Sequence[DocumentError],
    promise: RetentionPromise | None,
    chart: Chart | None,
    form: Format,
    now: datetime,
) -> None:
    good = {file: text for file, text in texts.items() if file not in {error.file for error in errors}}
    fixable = fixed_by_migration(good, findings, promise, now, chart)
    lines = {file: Lines(text) for file, text in good.items()}
    diagnostics = [as_diagnostic(finding, lines, fixable) for finding in findings]
    if form in (Format.GITHUB, Format.SARIF):
        diagnostics += map(unreadable, errors)
    print_diagnostics(diagnostics, lines, form, _COMMAND)
    if good:
        _say_counts(findings, fixable, len(good))


def _say_counts(findings: Sequence[Finding], fixable: Sequence[Finding], files: int) -> None:
    say(f"{count_text(files, 'file')}: {summary(findings)}")
    if fixable:
        by_file = Counter(str(finding.evidence["file"]) for finding in fixable)
        counts = ", ".join(f"{count} in {file}" for file, count in sorted(by_file.items()))
        one_by_one = f", one file at a time: {counts}" if files > 1 else ""
        say(f"[*] {len(fixable)} of {len(findings)} can be fixed with --migrate{one_by_one}.")
