"""`logops logql ...`: read, check and format queries."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from logops.cli.console import BAD_INPUT, FOUND, OK, err, out, print_json, stop
from logops.cli.rollout import JsonOption
from logops.logql import literals
from logops.logql.advice import Advice, Context
from logops.logql.errors import LogQLError
from logops.logql.lint import lint
from logops.logql.parse import parse
from logops.logql.text import pretty
from logops.logql.tree import Query

app = typer.Typer(no_args_is_help=True)

QueryArgument = Annotated[
    str, typer.Argument(help="A query; @FILE reads it from a file, - from standard input.", show_default=False)
]
LARGEST_FILE = 1 << 20


@app.command("lint", epilog="""Example: logops logql lint '{job="nginx"} |~ "error"'""")
def lint_command(
    query: QueryArgument,
    step: Annotated[str, typer.Option(help="Between two points of the answer: ranges below it are told.")] = "",
    metadata: Annotated[
        list[str] | None, typer.Option(help="A label that comes as structured metadata; may be repeated.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """What makes a query slow, wrong or fragile, why, and the query that is not.

    Exit 1: there is advice. Exit 2: it is no query.
    """
    text = read(query)
    step_ns = literals.range_duration(step) if step else None
    if step and not step_ns:
        stop(f"--step {step}: not a duration like 1m")
    advice = lint(parsed(text), Context(step_ns, frozenset(metadata or ())))
    if as_json:
        print_json([as_data(one, text) for one in advice])
    else:
        for one in advice:
            show(one, text)
        if not advice:
            out.print("nothing to say")
    raise typer.Exit(FOUND if advice else OK)


@app.command("format", epilog="""Example: logops logql format 'sum(rate({job="nginx"}[5m])) by (host)'""")
def format_command(
    query: QueryArgument,
    width: Annotated[int, typer.Option(min=20, help="Longer queries stand over several lines.")] = 100,
) -> None:
    """A query as it is best read. Exit 2: it is no query."""
    sys.stdout.write(pretty(parsed(read(query)), width) + "\n")


def read(query: str) -> str:
    if query == "-":
        return sys.stdin.read(LARGEST_FILE)
    if not query.startswith("@"):
        return query
    try:
        with Path(query[1:]).open() as file:
            return file.read(LARGEST_FILE)
    except (OSError, UnicodeDecodeError) as error:
        stop(f"Reading the query: {error}")


def parsed(text: str) -> Query:
    try:
        return parse(text)
    except LogQLError as error:
        err.print(str(error), style="red" if err.is_terminal else None, markup=False, highlight=False)
        err.print(error.picture(), markup=False, highlight=False)
        raise typer.Exit(BAD_INPUT) from None


def show(advice: Advice, text: str) -> None:
    out.print(f"[bold]{advice.rule}[/bold] ({advice.severity})", highlight=False)
    out.print(LogQLError("", text, advice.span[0]).picture(), markup=False, highlight=False)
    out.print(f"  {advice.why}", markup=False, highlight=False)
    if advice.rewrite:
        out.print(f"  better: {advice.rewrite}", markup=False, highlight=False)


def as_data(advice: Advice, text: str) -> dict[str, Any]:
    start, end = advice.span
    return {
        "rule": advice.rule,
        "severity": advice.severity,
        "why": advice.why,
        "start": start,
        "end": end,
        "text": text[start:end],
        "rewrite": advice.rewrite,
    }
