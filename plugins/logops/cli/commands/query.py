"""`logops query`: run a query of the library, and see its answer."""

from typing import Annotated

import typer

from logops.checks.as_of import FORMS
from logops.cli import complete
from logops.cli.interrupt import ends_at_once
from logops.cli.options import EnvironmentArgument, JsonOption, OldEnvironmentOption

app = typer.Typer()


@app.command(epilog="Example: logops query local slow-requests --param slower_than_ms=2000 --since 6h")
def query(
    environment_name: EnvironmentArgument = "local",
    name: Annotated[
        str,
        typer.Argument(
            metavar="QUERY", autocompletion=complete.queries, help="Name of a query. Without it: list all queries."
        ),
    ] = "",
    listed: Annotated[bool, typer.Option("--list", help="List the queries with their parameters.")] = False,
    param: Annotated[
        list[str] | None, typer.Option(help="Parameter of the query, as NAME=VALUE. May be repeated.")
    ] = None,
    since: Annotated[
        str, typer.Option(help="Length of the time range, for example 6h. Default: the query's own range.")
    ] = "",
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="MOMENT", help=f"End of the time range, UTC: {FORMS}. Default: now."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=5000, help="Maximum of lines, newest first.")] = 100,
    show: Annotated[bool, typer.Option("--show", help="Print the LogQL without running it.")] = False,
    old_environment: OldEnvironmentOption = "",
    old_as_of: Annotated[str | None, typer.Option("--at", hidden=True, help="Old name of --as-of.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run a query of the library (include/logql/) and print its answer.

    Exit 1: Loki refused it or did not answer. Exit 2: no such query, or a parameter that is missing or no value.
    """
    with ends_at_once():
        from logops.cli import query

    query.query(environment_name, name, listed, param, since, as_of, limit, show, old_environment, old_as_of, as_json)
