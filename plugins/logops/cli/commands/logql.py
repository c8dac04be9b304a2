"""`logops logql ...`: check, fix and format queries."""

from typing import Annotated

import typer

from logops.cli.interrupt import ends_at_once
from logops.cli.options import Format, FormatOption, JsonOption

app = typer.Typer(no_args_is_help=True, epilog="""Example: logops logql lint '{job="nginx"} |~ "error"'""")
QueryArgument = Annotated[
    str, typer.Argument(help="A query. @FILE reads it from a file, - from standard input.", show_default=False)
]


@app.command("lint", epilog="""Example: logops logql lint -e local '{job="nginx"} |~ "error"' rules.yaml""")
def lint_command(
    queries: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="QUERY|FILE...",
            help="Queries, or files with queries: rules of Loki (YAML), dashboards (JSON), ConfigMaps with them, one "
            "query (any other file), or a folder of such files. - is standard input.",
            show_default=False,
        ),
    ] = None,
    library: Annotated[
        bool, typer.Option("--library", help="Check every query of include/logql/, each with its own step.")
    ] = False,
    environment_name: Annotated[
        str,
        typer.Option(
            "--environment",
            "-e",
            help="Environment that defines the labels, the structured metadata and the tenants.",
            show_default=False,
        ),
    ] = "",
    step: Annotated[
        str, typer.Option(help="Step between two points of the answer. A range shorter than the step is reported.")
    ] = "",
    metadata: Annotated[
        list[str] | None, typer.Option(help="A field that is structured metadata. May be repeated.")
    ] = None,
    fix: Annotated[
        bool,
        typer.Option(
            "--fix",
            help="Write what is certain into the files, and show what is left. A query that is no file is printed.",
        ),
    ] = False,
    form: FormatOption = Format.FULL,
    as_json: JsonOption = False,
) -> None:
    """Show what makes queries slow, wrong or fragile, why, and a better query.

    `[*]` marks what --fix changes: only what gives the same lines, labels and
    numbers for all logs. Comments and layout stay.

    Exit 1: there is advice. Exit 2: a text is not a query, or a file cannot be read.
    """
    with ends_at_once():
        from logops.cli import logql

    logql.lint_command(queries, library, environment_name, step, metadata, fix, form, as_json)


@app.command("format", epilog="""Example: logops logql format 'sum(rate({job="nginx"}[5m])) by (host)'""")
def format_command(
    query: QueryArgument,
    width: Annotated[
        int, typer.Option(min=20, help="Longest line. Longer queries are split over several lines.")
    ] = 100,
) -> None:
    """Print a query in a readable layout, without its comments. Exit 2: the text is not a query."""
    with ends_at_once():
        from logops.cli import logql

    logql.format_command(query, width)
