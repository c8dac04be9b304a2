"""`logops status`, `logs`, `down`: the processes on this machine."""

from typing import Annotated

import typer

from logops.cli import complete
from logops.cli.interrupt import ends_at_once
from logops.cli.options import EnvironmentArgument, JsonOption

app = typer.Typer()


@app.command(epilog="Example: logops status local")
def status(name: EnvironmentArgument = "local", as_json: JsonOption = False) -> None:
    """Show every process and every ring. Exit 1: something is not ready."""
    with ends_at_once():
        from logops.cli import platform

    platform.status(name, as_json)


@app.command(epilog="Example: logops logs local main-ingester-0 --follow")
def logs(
    name: EnvironmentArgument = "local",
    process: Annotated[
        str,
        typer.Argument(
            autocompletion=complete.processes, help="Name of a process, from `logops status`. Default: all."
        ),
    ] = "",
    count: Annotated[int, typer.Option("--lines", "-n", min=0, help="Number of lines of each process.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing new lines.")] = False,
) -> None:
    """Show the last lines of the processes' own logs."""
    with ends_at_once():
        from logops.cli import platform

    platform.logs(name, process, count, follow)


@app.command(epilog="Example: logops down local")
def down(name: EnvironmentArgument = "local") -> None:
    """Stop every process of an environment on this machine. Configuration and data stay."""
    with ends_at_once():
        from logops.cli import platform

    platform.down(name)
