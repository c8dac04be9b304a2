"""`logops toolchain`: find or build the programs."""

from logops.cli.output.columns import Column
from logops.cli.output.console import FOUND, err, print_json, stop
from logops.cli.output.table import show_table
from logops.suggestions import did_you_mean
from logops.toolchain import ALL_PROGRAMS, PROGRAMS, ToolchainError, ensure
from logops.toolchain.progress_board import Board


def toolchain(names: list[str] | None, as_json: bool) -> None:
    """Run `logops toolchain`."""
    selected = names or list(PROGRAMS)
    if unknown := [name for name in selected if name not in ALL_PROGRAMS]:
        stop(
            f"No program {unknown[0]!r}. There are: {', '.join(ALL_PROGRAMS)}.{did_you_mean(unknown[0], ALL_PROGRAMS)}"
        )
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
    entries = programs.values()
    show_table(
        [
            Column("program", [*programs]),
            Column("version", [entry.program.version for entry in entries]),
            Column("from", [entry.origin.value for entry in entries], 1),
            Column("command", [" ".join(entry.command) for entry in entries]),
        ]
    )
