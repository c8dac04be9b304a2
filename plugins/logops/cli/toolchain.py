"""`logops toolchain`: find or build the programs."""

from typing import Annotated

import typer
from rich.table import Table

from logops.cli.console import FOUND, JsonOption, err, out, print_json, stop
from logops.toolchain import PROGRAMS, ToolchainError, ensure
from logops.toolchain.progress_board import Board

app = typer.Typer()


@app.command(epilog="Example: logops toolchain promtail")
def toolchain(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[PROGRAM]...", help="Names of programs. Default: all.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Find each program that logops runs, and build missing ones. Takes minutes the first time."""
    selected = names or list(PROGRAMS)
    if unknown := [name for name in selected if name not in PROGRAMS]:
        stop(f"No program {unknown[0]!r}. There are: {', '.join(PROGRAMS)}.")
    try:
        with Board(err) as board:
            programs = ensure(selected, board)
    except ToolchainError as error:
        stop(str(error), FOUND)
    if as_json:
        print_json(
            {
                name: {"version": entry.program.version, "from": entry.origin.value, "command": entry.command}
                for name, entry in programs.items()
            }
        )
        return
    table = Table("program", "version", "from", "command", box=None)
    for name, entry in programs.items():
        table.add_row(name, entry.program.version, entry.origin.value, " ".join(entry.command))
    out.print(table, markup=False, highlight=False)
