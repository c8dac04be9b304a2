"""`logops lifecycle ...`: the rules that move blobs between tiers."""

from typing import Annotated

import typer

from logops.cli.interrupt import ends_at_once
from logops.cli.options import AsOfOption, EnvironmentArgument, JsonOption

app = typer.Typer(no_args_is_help=True, epilog="Example: logops lifecycle show local")


@app.command(epilog="Example: logops lifecycle show production")
def show(name: EnvironmentArgument = "local", as_json: JsonOption = False) -> None:
    """Show every account's declared rules, and how the live policy differs.

    Exit 1: a live policy differs, or could not be read.
    """
    with ends_at_once():
        from logops.cli import lifecycle

    lifecycle.show(name, as_json)


@app.command(epilog="Example: logops lifecycle run local --as-of 2027-02-01 --dry-run")
def run(
    name: EnvironmentArgument = "local",
    as_of: AsOfOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the changes without making them.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Apply the lifecycle policies of a local environment, as Azure would at that moment.

    Azurite has no lifecycle management; on Azure, the service applies its rules itself.
    """
    with ends_at_once():
        from logops.cli import lifecycle

    lifecycle.run(name, as_of, dry_run, as_json)
