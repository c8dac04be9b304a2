"""`logops agents ...`: try the pipelines of log sources."""

from pathlib import Path
from typing import Annotated

import typer

from logops.cli import complete
from logops.cli.interrupt import ends_at_once
from logops.cli.options import EnvironmentArgument, JsonOption

app = typer.Typer(no_args_is_help=True, epilog="Example: logops agents test local access samples.log")


@app.callback()
def agents() -> None:
    """Try the pipelines of log sources before they are rolled out."""


@app.command("test", epilog="Example: logops agents test local access samples.log")
def try_command(
    name: EnvironmentArgument,
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", autocompletion=complete.sources, help="Name of a source in ENV.")
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Sample lines of the source; - reads standard input.")],
    as_json: JsonOption = False,
) -> None:
    """Show what sample lines become: stream, structured metadata, timestamp, or the rule that drops them.

    Nothing is sent. Lines are processed as Promtail does. Other agents differ in a few points: docs/agents.md.

    Exit status 2: the environment, the source or the file cannot be used.
    """
    with ends_at_once():
        from logops.cli import agents

    agents.try_command(name, source, file, as_json)
