"""`logops quality ...`: the ingestion quality check at the terminal. The DAG ingestion_quality does the same."""

from pathlib import Path
from typing import Annotated

import typer

from logops.cli.interrupt import ends_at_once
from logops.cli.options import (
    AllFindingsOption,
    AsOfOption,
    BudgetOption,
    EnvironmentArgument,
    JsonOption,
    RecordOption,
)

app = typer.Typer(no_args_is_help=True, epilog="Example: logops quality run local")


@app.callback()
def quality() -> None:
    """Check that all logs arrive: complete, on time, and in shape."""


@app.command(epilog="Example: logops quality run local --window 1h")
def run(
    name: EnvironmentArgument = "local",
    window: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION", help="Check the lines of this time, for example 1h. Default: the environment's."
        ),
    ] = None,
    budget: BudgetOption = None,
    as_of: AsOfOption = None,
    record: RecordOption = True,
    docs: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Also write the numbers as HTML pages of Great Expectations. Replaces the folder.",
        ),
    ] = None,
    every: AllFindingsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Check the logs of the last minutes: which source is silent, which lines or labels are wrong, what was lost.

    Exit 1: an error was found, or something could not be checked.
    """
    with ends_at_once():
        from logops.cli import quality

    quality.run(name, window, budget, as_of, record, docs, every, as_json)


@app.command(epilog="Example: logops quality show local --json")
def show(
    name: EnvironmentArgument = "local",
    as_of: AsOfOption = None,
    every: AllFindingsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show the result of the last run. Asks nothing but the results store.

    Exit 1: the run found an error, or could not check something.
    """
    with ends_at_once():
        from logops.cli import quality

    quality.show(name, as_of, every, as_json)


@app.command(epilog="Example: logops quality secrets app.log")
def secrets(
    file: Annotated[
        str, typer.Argument(metavar="FILE|-", help="File with lines, plain or gzip, or - for the standard input.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Find secrets and personal data in the lines of a file. No value is shown. The rules are in include/secrets.

    Exit 1: something was found. Exit 2: the file or a rule is not usable.
    """
    with ends_at_once():
        from logops.cli import quality

    quality.secrets(file, as_json)
