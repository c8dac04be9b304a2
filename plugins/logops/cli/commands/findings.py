"""`logops findings ...`: what all checks found, and what a person accepted."""

from typing import Annotated

import typer

from logops.cli.interrupt import ends_at_once
from logops.cli.options import AsOfOption, EnvironmentArgument, JsonOption

app = typer.Typer(no_args_is_help=True, epilog="Example: logops findings list local")

PartOption = Annotated[str | None, typer.Option(metavar="NAME", help="Only findings about this one.")]


@app.callback()
def findings() -> None:
    """Show the open findings of all checks, and accept those that cannot be fixed."""


@app.command("list", epilog="Example: logops findings list local --json")
def list_(name: EnvironmentArgument = "local", as_of: AsOfOption = None, as_json: JsonOption = False) -> None:
    """Show every open finding of every check: since when, about what, and who accepted it.

    Exit 1: an error is open that nobody accepted.
    """
    with ends_at_once():
        from logops.cli import findings

    findings.list_(name, as_of, as_json)


@app.command(epilog="Example: logops findings accept local chunk-missing --tenant canary --for 90d --why 'test data'")
def accept(
    name: EnvironmentArgument,
    cls: Annotated[str, typer.Argument(metavar="CLASS", help="Finding class, such as chunk-missing.")],
    length: Annotated[str, typer.Option("--for", metavar="DURATION", help="For example 30d. 0s ends an acceptance.")],
    why: Annotated[str, typer.Option(metavar="TEXT", help="The reason, for others.")],
    cluster: PartOption = None,
    tenant: PartOption = None,
    table: PartOption = None,
    source: PartOption = None,
    path: PartOption = None,
) -> None:
    """Accept findings of a class for a time: nobody is told about them. They are still shown, with who and why."""
    with ends_at_once():
        from logops.cli import findings

    findings.accept_(name, cls, length, why, cluster=cluster, tenant=tenant, table=table, source=source, path=path)
