"""`logops report`: the page of an environment as one file. Airflow shows the same page: entry "Log platform"."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from logops.cli.interrupt import ends_at_once
from logops.cli.options import AsOfOption, EnvironmentArgument

app = typer.Typer()


class Audience(StrEnum):
    """Whose findings the page shows."""

    STANDARD = "standard"
    SECURITY = "security"


@app.command(epilog="Example: logops report local --out local.html")
def report(
    name: EnvironmentArgument = "local",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to write the page. Default: ENV.html here.")
    ] = None,
    audience: Annotated[
        Audience,
        typer.Option(
            "--audience",
            help="security: also what belongs to security clusters. Give such a file only to those who may see it.",
        ),
    ] = Audience.STANDARD,
    as_of: AsOfOption = None,
    digest: Annotated[
        bool,
        typer.Option(
            "--digest", help="Plain text for a mail instead: its first line is the subject. Without --out: print it."
        ),
    ] = False,
) -> None:
    """Write the page of an environment as one HTML file that loads nothing from elsewhere.

    It answers: is every promise kept, what is wrong, since when, what to do, and when was it last checked.
    """
    with ends_at_once():
        from logops.cli import report as command

    command.write(name, out, audience.value, as_of, is_digest=digest)
