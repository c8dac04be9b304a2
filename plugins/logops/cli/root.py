"""The command `logops` itself: its options, and one screen with the state of everything."""

from typing import Annotated

import typer

from logops import __version__
from logops.cli.lazy import NO_COLOR, LazyCommands

app = typer.Typer(
    name="logops",
    cls=LazyCommands,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"logops {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True, epilog="Example: logops plan local")
def logops(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    no_colour: Annotated[
        bool, typer.Option(NO_COLOR, help="Print without colours. May stand anywhere. NO_COLOR=1 does the same.")
    ] = False,
) -> None:
    """Deploy Grafana Loki on Azure Blob Storage, and check that its logs are complete and deleted on time.

    Without a command: what runs here, the last checks, what is wrong, and the next command.
    """
    if context.invoked_subcommand is None:
        from logops.cli.overview import show_overview

        show_overview()
