"""`logops bench ...`: measure the query library."""

from pathlib import Path
from typing import Annotated

import typer

from logops.benchmark.measure.cases import Mode
from logops.benchmark.request import MOST_ROUNDS, ROUNDS
from logops.cli import complete
from logops.cli.interrupt import ends_at_once
from logops.cli.options import (
    AllFindingsOption,
    BudgetOption,
    EnvironmentArgument,
    JsonOption,
    OldEnvironmentOption,
    QueriesOption,
    RecordOption,
)

app = typer.Typer(no_args_is_help=True, epilog="Example: logops bench run local --query errors")


@app.callback()
def bench() -> None:
    """Measure the query library against its objectives and its history."""


@app.command(epilog="Example: logops bench run local --query errors --query latency --rounds 20")
def run(
    name: EnvironmentArgument = "local",
    query: QueriesOption = None,
    rounds: Annotated[int, typer.Option(min=1, max=1000, help="Number of measurements of each query.")] = ROUNDS,
    most: Annotated[
        int, typer.Option("--most-rounds", min=1, max=1000, help="Maximum of rounds for a query whose times vary.")
    ] = MOST_ROUNDS,
    mode: Annotated[
        list[Mode] | None, typer.Option(help="With or without the results cache. May be repeated. Default: both.")
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(
            "--range", help="Additional time range, for example 24h. May be repeated. Default: the environment's."
        ),
    ] = None,
    budget: BudgetOption = None,
    minutes: Annotated[
        int | None, typer.Option(min=1, help="Time limit of the whole run. Default: the environment's.")
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=32, help="Number of queries that run at the same time.")] = 1,
    beside: Annotated[
        str | None, typer.Option(help="A second environment, measured in turns with the first and compared with it.")
    ] = None,
    record: RecordOption = True,
    every: AllFindingsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Measure the queries of the library on a live cluster, in rounds.

    Exit 1: a query failed or has too few answers; with --beside: a query is slower there.
    """
    with ends_at_once():
        from logops.cli import bench

    bench.run(name, query, rounds, most, mode, also, budget, minutes, concurrency, beside, record, every, as_json)


@app.command("compare", epilog="Example: logops bench compare local bench-20261124T040000 bench-20261125T040000")
def compare_command(
    name: Annotated[
        str, typer.Argument(metavar="ENV", autocompletion=complete.environments, help="Environment of the earlier run.")
    ],
    before: Annotated[str, typer.Argument(metavar="BEFORE", help="The earlier run, from `logops bench runs`.")],
    after: Annotated[str, typer.Argument(metavar="AFTER", help="The later run.", show_default=False)] = "",
    other: Annotated[str | None, typer.Option(help="Environment of the later run. Default: the earlier run's.")] = None,
    old_environment: OldEnvironmentOption = "",
    as_json: JsonOption = False,
) -> None:
    """Compare two runs: which queries are slower, by how much, how certain that is, and why.

    Exit 1: a query is slower, or has too few answers to compare.
    """
    with ends_at_once():
        from logops.cli import bench

    bench.compare_command(name, before, after, other, old_environment, as_json)


@app.command(epilog="Example: logops bench history local --query errors --plot errors.svg")
def history(
    name: EnvironmentArgument = "local",
    query: QueriesOption = None,
    plot: Annotated[Path | None, typer.Option(help="Also draw a chart into this file, .svg or .png.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show every query night by night: its usual time, what became slower, since when, and why.

    Exit 1: a query became slower or reads more. Queries not measured in the last two days do not count.
    """
    with ends_at_once():
        from logops.cli import bench

    bench.history(name, query, plot, as_json)


@app.command(epilog="Example: logops bench runs local")
def runs(name: EnvironmentArgument = "local", as_json: JsonOption = False) -> None:
    """List the recorded runs, newest first."""
    with ends_at_once():
        from logops.cli import bench

    bench.runs(name, as_json)
