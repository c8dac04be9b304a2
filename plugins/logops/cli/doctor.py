"""`logops doctor`: check configuration files that you already have."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import typer

from logops.cli.options import Format
from logops.cli.output.console import BAD_INPUT, OK, print_json, say, stop
from logops.cli.output.diagnostics import print_diagnostics
from logops.cli.output.findings import exit_code, summary
from logops.diagnostics.model import Lines
from logops.doctor import DocumentError, RetentionPromise, check, migrate, read_texts
from logops.doctor.diagnostics import as_diagnostic, unreadable
from logops.doctor.fixable import fixed_by_migration
from logops.doctor.reading.documents import read_file
from logops.environment.units import Duration
from logops.findings import Finding
from logops.number_text import count_text

_COMMAND = "logops doctor"


def doctor(
    files: list[Path], keep: Duration | None, hot: Duration | None, migrated: bool, form: Format, as_json: bool
) -> None:
    """Run `logops doctor`."""
    now = datetime.now(UTC)
    if hot and not keep:
        stop("--hot is given without --keep. Add --keep with the promised retention, for example --keep 90d.")
    promise = RetentionPromise(keep.timedelta, hot.timedelta if hot else None) if keep else None
    try:
        texts = {str(file): read_file(file) for file in files}
        if migrated:
            if len(files) != 1:
                stop(f"--migrate takes exactly one FILE, but {len(files)} were given. Run it once for each file.")
            print(migrate(texts[str(files[0])], str(files[0]), now), end="")
            raise typer.Exit(OK)
        findings = check(read_texts(texts, promise), now)
    except DocumentError as invalid:
        if form in (Format.GITHUB, Format.SARIF) and not as_json:
            print_diagnostics([unreadable(invalid)], {}, form, _COMMAND)
            raise typer.Exit(BAD_INPUT) from None
        stop(str(invalid))
    if as_json:
        print_json([finding.to_dict() for finding in findings])
    else:
        fixable = fixed_by_migration(texts, findings, promise, now)
        lines = {file: Lines(text) for file, text in texts.items()}
        print_diagnostics([as_diagnostic(finding, lines, fixable) for finding in findings], lines, form, _COMMAND)
        _say_counts(findings, fixable, len(files))
    raise typer.Exit(exit_code(findings))


def _say_counts(findings: Sequence[Finding], fixable: Sequence[Finding], files: int) -> None:
    say(f"{count_text(files, 'file')}: {summary(findings)}")
    if fixable:
        by_file = Counter(str(finding.evidence["file"]) for finding in fixable)
        counts = ", ".join(f"{count} in {file}" for file, count in sorted(by_file.items()))
        one_by_one = f", one file at a time: {counts}" if files > 1 else ""
        say(f"[*] {len(fixable)} of {len(findings)} can be fixed with --migrate{one_by_one}.")
