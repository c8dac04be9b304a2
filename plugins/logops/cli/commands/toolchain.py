"""`logops toolchain`: find or build the programs."""

from typing import Annotated

import typer

from logops.cli import complete
from logops.cli.interrupt import ends_at_once
from logops.cli.options import JsonOption

app = typer.Typer()


@app.command(epilog="Example: logops toolchain promtail")
def toolchain(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="PROGRAM", autocompletion=complete.programs, help="Names of programs. Default: all."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Find each program that logops runs, and build missing ones. Takes minutes the first time."""
    with ends_at_once():
        from logops.cli import toolchain

    toolchain.toolchain(names, as_json)
