"""Options and arguments that several commands share. Imports little, because every help text needs it."""

from enum import StrEnum
from typing import Annotated

import typer

from logops.checks.as_of import FORMS
from logops.cli import complete

EnvironmentArgument = Annotated[
    str,
    typer.Argument(
        metavar="ENV",
        autocompletion=complete.environments,
        help="Name of an environment in include/environments, or path of a file.",
    ),
]
AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="MOMENT",
        help=f"Judge as of this time, UTC: {FORMS}. Default: now.",
    ),
]
AllFindingsOption = Annotated[
    bool, typer.Option("--all", help="Show each finding, also if many tables have the same one.")
]
RecordOption = Annotated[
    bool, typer.Option("--record/--no-record", help="Store the result beside those of the scheduled runs.")
]
BudgetOption = Annotated[
    str | None,
    typer.Option(
        "--budget",
        metavar="SIZE",
        help="Maximum of bytes that Loki may read in the whole run, for example 20GiB. Default: the environment's.",
    ),
]
QueriesOption = Annotated[
    list[str] | None,
    typer.Option("--query", autocompletion=complete.queries, help="Only this query. May be repeated. Default: all."),
]
OldEnvironmentOption = Annotated[
    str, typer.Option("--environment", "-e", hidden=True, help="Old form of the argument ENV.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


class Format(StrEnum):
    """A form of the output of diagnostics."""

    FULL = "full"
    CONCISE = "concise"
    GITHUB = "github"
    SARIF = "sarif"


FormatOption = Annotated[
    Format,
    typer.Option(
        "--format",
        help="full: with the line of the file. concise: one line each. github: annotations for GitHub Actions. "
        "sarif: SARIF 2.1.0 for code scanning.",
    ),
]
