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
