"""`logops quality ...`: the ingestion quality check at the terminal. The DAG ingestion_quality does the same."""

import getpass
import sys
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import typer

from logops.cli.as_of import moment
from logops.cli.output.columns import Column
from logops.cli.output.console import FOUND, OK, err, print_json, print_text, say, stop, width
from logops.cli.output.findings import listing
from logops.cli.output.table import show_table
from logops.cli.targets import environment, readable, results_store
from logops.errors import LogopsError
from logops.findings.store import ResultsError
from logops.number_text import count_text, size_text
from logops.quality.request import quality_request
from logops.toolchain import project_root
from logops.wrapping import wrapped

if TYPE_CHECKING:
    from logops.quality.run import QualityResult
    from logops.quality.secrets.leak import Leak


QUIET_S = 2.0
"""A scan that takes longer shows its progress."""


def run(
    name: str,
    window: str | None,
    budget: str | None,
    as_of: str | None,
    record: bool,
    docs: Path | None,
    every: bool,
    as_json: bool,
) -> None:
    """Run `logops quality run`."""
    from logops.quality.run import run_quality

    target = readable(name)
    if docs and docs.exists() and not (docs / "index.html").is_file():
        stop(f"--docs {docs}: it exists and has no pages of an earlier run. Name a new folder.")
    now = datetime.now(UTC).replace(microsecond=0)
    try:
        request = quality_request(
            target.environment,
            run=f"terminal-{getpass.getuser()}-{now:%Y%m%dT%H%M%SZ}",
            as_of=moment(as_of, now),
            now=now,
            window=window,
            budget=budget,
        )
    except ValueError as error:
        stop(str(error))
    if not request.reads_counters:
        say("Not recorded, and without the counters of agents and Loki: they show the present, not an earlier time.")
    elif record and not request.is_scheduled_form(target.environment):
        say("Not recorded: it asks for something else than the scheduled run.")
    recorded = record and request.is_scheduled_form(target.environment)
    try:
        with err.status("") as status:
            store = results_store(target.environment)
            result = run_quality(target, request, store, status.update, record_result=recorded, docs=docs)
    except (LogopsError, OSError) as error:
        stop(str(error))
    if docs:
        say(f"Written: {docs / 'index.html'}")
    _show(result, every, as_json)


def show(name: str, as_of: str | None, every: bool, as_json: bool) -> None:
    """Run `logops quality show`."""
    from logops.quality.run import read_result

    loaded = environment(name)
    now = datetime.now(UTC).replace(microsecond=0)
    try:
        result = read_result(results_store(loaded), loaded, moment(as_of, now))
    except ResultsError as error:
        stop(str(error))
    if result is None:
        stop(f"No quality run of {name} is recorded: run `logops quality run {quote(name)}`.")
    _show(result, every, as_json)


def secrets(file: str, as_json: bool) -> None:
    """Run `logops quality secrets`."""
    from logops.quality.secrets.file import STANDARD_INPUT, decompressed, read_lines, scan_file
    from logops.quality.secrets.rules import read_rules

    name = STANDARD_INPUT if file == "-" else file
    try:
        rules = read_rules(project_root())
        with nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb") as stream:
            result = scan_file(_with_progress(read_lines(decompressed(stream, name)), name), rules)
    except LogopsError as error:
        stop(str(error))
    except EOFError:
        stop(f"Reading lines: {name}: the compressed data has no end. Copy the file again.")
    except (OSError, zlib.error) as error:
        stop(f"Reading lines: {name}: {getattr(error, 'strerror', None) or error}.")
    if as_json:
        print_json(result.to_dict())
    else:
        print_text(wrapped(result.headline, width()))
        if result.leaks:
            print_text("")
            show_table(_secret_columns(result.leaks))
    raise typer.Exit(FOUND if result.leaks else OK)


def _with_progress(lines: Iterable[bytes], name: str) -> Iterator[bytes]:
    """Yield lines, and show on a terminal how many were read if it takes more than two seconds."""
    status, started_s, size_bytes = err.status(""), time.monotonic(), 0
    try:
        for number, line in enumerate(lines, start=1):
            yield line
            size_bytes += len(line)
            if number % 1_000 == 0 and err.is_terminal and time.monotonic() - started_s > QUIET_S:
                status.update(f"{name}: {count_text(number, 'line')} read, {size_text(size_bytes)}")
                status.start()
    finally:
        status.stop()


def _secret_columns(leaks: "Sequence[Leak]") -> list[Column]:
    return [
        Column("rule", [leak.rule_id for leak in leaks], 100),
        Column("lines", [f"{leak.lines:,}" for leak in leaks], 90, right=True),
        Column("values", [f"{len(leak.hashes):,}" for leak in leaks], 60, right=True),
        Column("first line", [f"{leak.first_ns:,}" for leak in leaks], 80, right=True),
        Column("example", [leak.examples[0] for leak in leaks], 70, wraps=True),
    ]


def _show(result: "QualityResult", every: bool, as_json: bool) -> None:
    """Print the verdict, one line per source, then the findings. Ends the command."""
    if as_json:
        print_json(result.to_dict())
    else:
        for text in (result.headline, *result.notes):
            print_text(wrapped(text, width()))
        print_text("")
        show_table(_columns(result))
        if result.deliveries:
            print_text("")
            show_table(_delivery_columns(result))
        if result.findings:
            print_text("")
            print_text(listing(result.findings, every=every))
    raise typer.Exit(FOUND if result.failed else OK)


def _delivery_columns(result: "QualityResult") -> list[Column]:
    from logops.quality.delivery import COLUMNS

    texts = [row.texts() for row in result.deliveries]
    priorities = (100, 60, 95, 50, 40, 90, 99, 70)
    return [
        Column(column, [text[position] for text in texts], priority, right=0 < position < len(COLUMNS) - 1)
        for position, (column, priority) in enumerate(zip(COLUMNS, priorities, strict=True))
        if any(text[position] not in ("", "-") for text in texts)
    ]


def _columns(result: "QualityResult") -> list[Column]:
    from logops.quality.summary import COLUMNS

    texts = [row.texts(result.as_of) for row in result.rows]
    priorities = (100, 99, 40, 30, 90, 20, 50, 60, 80, 70)
    numbers = ("lines", "size", "streams", "unparsable", "last line")
    return [
        Column(
            column,
            [text[position] for text in texts],
            priority,
            right=column in numbers,
            styles={"ok": "green", "not checked": "yellow"} if column == "verdict" else {},
        )
        for position, (column, priority) in enumerate(zip(COLUMNS, priorities, strict=True))
    ]
