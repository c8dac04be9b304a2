"""`logops ...`: the same functions as the DAGs, for a terminal."""

import sys

import typer

from logops.cli.console import FOUND
from logops.cli.lazy import LazyCommands

app = typer.Typer(
    name="logops",
    cls=LazyCommands,
    help="Deploy Grafana Loki on Azure Blob Storage, and check that its logs are complete and deleted on time.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)


@app.callback()
def logops() -> None:
    """Deploy Grafana Loki on Azure Blob Storage, and check that its logs are complete and deleted on time."""


def main() -> None:
    """Run the command line. A broken pipe (`logops logs | head`) ends it quietly."""
    try:
        app()
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(FOUND)
