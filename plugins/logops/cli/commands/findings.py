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


@app.command(epilog="Example: logops findings show local chunk-missing")
def show(
    name: EnvironmentArgument,
    id_or_class: Annotated[
        str, typer.Argument(metavar="ID|CLASS", help="Id of a finding, as the list shows it, or a class.")
    ],
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show findings with everything that is known: since when, evidence, runs that saw them, remedy, acceptance.

    Exit 1: a finding is open, or there is no such finding.
    """
    with ends_at_once():
        from logops.cli import findings_history

    findings_history.show(name, id_or_class, as_of, as_json)


@app.command(epilog="Example: logops findings history local --last 30d")
def history(
    name: EnvironmentArgument = "local",
    id_or_class: Annotated[
        str | None, typer.Argument(metavar="ID|CLASS", help="Only this finding, or findings of this class.")
    ] = None,
    length: Annotated[str, typer.Option("--last", metavar="DURATION", help="For example 24h, 30d.")] = "7d",
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which findings began and which are gone, the newest first."""
    with ends_at_once():
        from logops.cli import findings_history

    findings_history.history(name, id_or_class, length, as_of, as_json)


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
