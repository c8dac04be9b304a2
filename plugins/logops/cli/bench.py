"""`logops bench ...`: how long the library's queries take."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.filesize import decimal
from rich.table import Table

from logops.benchmark.compare import Comparison, Word, compare
from logops.benchmark.judge import Verdict
from logops.benchmark.run import Asked, Outcome, run_benchmark
from logops.benchmark.sample import SAMPLES, Sample
from logops.benchmark.shots import Mode
from logops.cli.console import FOUND, OK, err, out, print_json, say, stop
from logops.cli.environment import EnvironmentArgument, environment
from logops.cli.findings import listing
from logops.cli.rollout import JsonOption, readable
from logops.environment.units import Duration, Size
from logops.findings.model import Severity
from logops.findings.store import NothingStored, ResultsError, ResultsStore
from logops.platforms import results_url
from logops.queries.library import LibraryInvalid, load_library
from logops.toolchain import project_root

app = typer.Typer(no_args_is_help=True)
QUOTE = "'"
RUNS = f"""
SELECT run, environment, configuration, min(started_ns) AS started_ns, count(DISTINCT query) AS queries,
    count(*) FILTER (ending = 'answered') AS answers
FROM "{SAMPLES}" GROUP BY ALL ORDER BY started_ns DESC
"""


@app.callback()
def bench() -> None:
    """How long the library's queries take, against what was promised."""


@app.command(epilog="Example: logops bench run local --query errors --query latency --rounds 20")
def run(
    name: EnvironmentArgument = "local",
    query: Annotated[list[str] | None, typer.Option(help="Only this one; may be repeated. Default: all.")] = None,
    rounds: Annotated[int, typer.Option(min=1, max=1000, help="How often each is measured.")] = 10,
    mode: Annotated[list[Mode] | None, typer.Option(help="May be repeated. Default: both.")] = None,
    also: Annotated[list[str] | None, typer.Option("--range", help="Also over so long, such as 24h.")] = None,
    budget: Annotated[str, typer.Option(help="Bytes that Loki may read for all of it.")] = "20GiB",
    record: Annotated[bool, typer.Option("--record/--no-record", help="Keep every sample in the results.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Measure the queries of the library on a live cluster, in rounds, one at a time.

    Exit 1: a query failed, or could not be measured.
    """
    where = readable(name)
    try:
        library = load_library(project_root())
    except LibraryInvalid as error:
        stop(str(error))
    unknown = sorted(set(query or ()) - set(library))
    if unknown:
        stop(f"No query {', '.join(unknown)} in include/logql/. There are: {', '.join(sorted(library))}.")
    wanted = {key: one for key, one in library.items() if not query or key in query}
    now = datetime.now(UTC).replace(microsecond=0)
    try:
        ranges = tuple(Duration(one).value // 1000 for one in also or ())
        most = Size(budget).value
    except ValueError as error:
        stop(str(error))
    asked = Asked(f"bench-{now:%Y%m%dT%H%M%S}", now, rounds, tuple(mode or Mode), ranges, most, whole=not query)
    store = ResultsStore(results_url(where.environment, project_root())) if record else None
    try:
        with err.status("") as status:
            outcome = run_benchmark(where, wanted, asked, store, status.update)
    except ResultsError as error:
        stop(str(error), FOUND)
    if as_json:
        print_json(as_data(outcome))
    else:
        out.print(table(outcome.verdicts))
        listing(outcome.findings)
    bad = any(one.cls.severity.rank >= Severity.ERROR.rank for one in outcome.findings)
    raise typer.Exit(FOUND if bad else OK)


@app.command("compare", epilog="Example: logops bench compare bench-20261124T040000 bench-20261125T040000")
def compare_command(
    before: Annotated[str, typer.Argument(help="A run, as `logops bench runs` lists them.")],
    after: Annotated[str, typer.Argument(help="Another run.")],
    name: Annotated[str, typer.Option("--environment", "-e", help="Whose results.")] = "local",
    as_json: JsonOption = False,
) -> None:
    """What of two runs is slower, by how much, how sure that is, and why.

    Exit 1: something is slower.
    """
    sides = []
    for run in (before, after):
        found = _samples(name, f"WHERE run = '{run.replace(QUOTE, 2 * QUOTE)}'")
        if not found:
            stop(f"No run {run} in the results of {name}: `logops bench runs {name}` lists those there are.")
        sides.append(found)
    compared = compare(*sides)
    if not compared:
        stop("The two runs have no query, range and mode in common.")
    if sides[0][0].configuration != sides[1][0].configuration:
        say("The two runs are of different configurations.")
    if as_json:
        print_json([asdict(one) for one in compared])
    else:
        out.print(comparisons(compared))
    raise typer.Exit(FOUND if any(one.word is Word.SLOWER for one in compared) else OK)


@app.command(epilog="Example: logops bench runs local")
def runs(name: EnvironmentArgument = "local", as_json: JsonOption = False) -> None:
    """The runs there are in the results, newest first."""
    rows = _store(name).query(SAMPLES, RUNS).to_pylist() if _samples(name, "LIMIT 1") else []
    if as_json:
        print_json(rows)
        return
    found = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("run", "started, UTC", "environment", "configuration", "queries", "answers"):
        found.add_column(column, no_wrap=True)
    for row in rows:
        started = datetime.fromtimestamp(row["started_ns"] / 1e9, UTC)
        found.add_row(
            row["run"], f"{started:%Y-%m-%d %H:%M}", row["environment"], row["configuration"][:12],
            str(row["queries"]), str(row["answers"]),
        )  # fmt: skip
    out.print(found)


def _store(name: str) -> ResultsStore:
    return ResultsStore(results_url(environment(name), project_root()))


def _samples(name: str, where: str) -> list[Sample]:
    try:
        rows = _store(name).query(SAMPLES, f'SELECT * EXCLUDE (day) FROM "{SAMPLES}" {where}').to_pylist()
    except NothingStored:
        return []
    except ResultsError as error:
        stop(str(error), FOUND)
    return [Sample(**row) for row in rows]


def comparisons(compared: list[Comparison]) -> Table:
    found = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("query", "range", "mode"):
        found.add_column(column, no_wrap=True)
    for column in ("before", "after", "ratio", "95 % of ratios", "p"):
        found.add_column(column, justify="right", no_wrap=True)
    found.add_column("")
    for one in compared:
        figures = ("-", "-", "-", "-", "-")
        if one.ratio is not None and one.p is not None:
            figures = (
                _seconds(one.before_s), _seconds(one.after_s), f"{one.ratio:.2f}", f"{one.low:.2f} to {one.high:.2f}",
                f"{one.p:.2g}",
            )  # fmt: skip
        told = f"{one.word}: {one.why}" if one.why else str(one.word)
        found.add_row(one.arm.query, _range(one.arm.range_s), one.arm.mode, *figures, told)
    return found


def table(verdicts: tuple[Verdict, ...]) -> Table:
    """A row a query, range and mode."""
    found = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("query", "range", "mode"):
        found.add_column(column, no_wrap=True)
    for column in ("answers", "p50", "p95", "read"):
        found.add_column(column, justify="right", no_wrap=True)
    found.add_column("")
    for one in verdicts:
        told = "; ".join((*one.over, *one.failed[:1])) or one.note
        found.add_row(
            one.arm.query,
            str(_range(one.arm.range_s)),
            one.arm.mode,
            str(one.answered),
            _seconds(one.p50),
            _seconds(one.p95),
            "-" if one.bytes is None else decimal(one.bytes),
            told,
        )
    return found


def as_data(outcome: Outcome) -> dict[str, Any]:
    return {
        "queries": [
            {
                "query": one.arm.query,
                "range_s": one.arm.range_s,
                "mode": one.arm.mode,
                "answers": one.answered,
                "p50_s": one.p50,
                "p95_s": one.p95,
                "bytes": one.bytes,
                "over": list(one.over),
                "failed": list(one.failed),
                "throttled": one.throttled,
                "not_asked": one.not_asked,
                "note": one.note,
            }
            for one in outcome.verdicts
        ],
        "findings": [finding.to_dict() for finding in outcome.findings],
    }


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value * 1000:.0f} ms"


def _range(seconds: int) -> str:
    return f"{seconds // 3600}h" if seconds % 3600 == 0 else f"{seconds // 60}m"
