"""`logops logql ...`: check and format queries."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from logops.cli.console import BAD_INPUT, FOUND, OK, JsonOption, err, out, print_json, say, stop
from logops.cli.library import read_library
from logops.cli.targets import environment, every_environment, homes
from logops.environment import Environment
from logops.logql import literals
from logops.logql.advice import QUERY_ALONE, Advice
from logops.logql.errors import LogQLError
from logops.logql.lint import lint
from logops.logql.parse import parse
from logops.logql.text import one_line, pretty
from logops.logql.tokens import has_comments
from logops.logql.tree import Query
from logops.queries.fill import fill
from logops.queries.known import context
from logops.queries.model import LibraryQuery

app = typer.Typer(no_args_is_help=True)

QueryArgument = Annotated[
    str, typer.Argument(help="A query. @FILE reads it from a file, - from standard input.", show_default=False)
]
LARGEST_FILE = 1 << 20


@app.command("lint", epilog="""Example: logops logql lint -e local '{job="nginx"} |~ "error"'""")
def lint_command(
    query: QueryArgument = "",
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
    as_json: JsonOption = False,
) -> None:
    """Show what makes a query slow, wrong or fragile, why, and a better query.

    Exit 1: there is advice. Exit 2: the text is not a query.
    """
    if library == bool(query):
        stop("Nothing to check: give a query, or --library.")
    step_ns = literals.range_duration(step) if step else None
    if step and not step_ns:
        stop(f"--step {step}: not a duration like 1m")
    target = environment(environment_name) if environment_name else None
    known = context(target) if target else QUERY_ALONE
    known = replace(known, step_ns=step_ns, metadata=known.metadata | frozenset(metadata or ()))
    queries = read_library() if library else {}
    texts = library_texts(queries) if library else {"": (read(query), step_ns)}
    advice = [
        (name, text, piece)
        for name, (text, own_step) in texts.items()
        for piece in lint(parsed(text), replace(known, step_ns=step_ns or own_step))
    ]
    if library:
        advice += [(name, texts[name][0], piece) for name, piece in _homeless(queries, target, every_environment())]
    if as_json:
        print_json([as_data(piece, text) | ({"query": name} if name else {}) for name, text, piece in advice])
    else:
        for name, text, piece in advice:
            show(piece, text, name)
        if not advice:
            out.print("nothing to say")
    raise typer.Exit(FOUND if advice else OK)


def library_texts(library: Mapping[str, LibraryQuery]) -> dict[str, tuple[str, int | None]]:
    """Return the library's queries with their examples' parameters and their own steps in nanoseconds."""
    return {
        name: (one_line(fill(query, query.example)), query.step.value * 1_000_000 if query.step else None)
        for name, query in library.items()
    }


def _homeless(
    library: Mapping[str, LibraryQuery], target: Environment | None, environments: Sequence[Environment]
) -> Iterator[tuple[str, Advice]]:
    """Yield queries whose cluster or tenant does not exist. An unknown cluster may belong to another environment."""
    there = homes(environments)
    for name, query in library.items():
        home = f"{query.cluster}/{query.tenant}"
        cluster = target.clusters.get(query.cluster) if target else None
        if target and cluster and query.tenant not in cluster.tenants:
            of_cluster = ", ".join(sorted(cluster.tenants))
            why = f"the cluster {query.cluster} of {target.name} has no tenant {query.tenant}. It has: {of_cluster}."
        elif cluster is None and home not in there:
            why = f"no environment has a tenant {home}. There are: {', '.join(sorted(there))}."
        else:
            continue
        yield name, Advice("no-such-tenant", "error", why, (0, 0))


@app.command("format", epilog="""Example: logops logql format 'sum(rate({job="nginx"}[5m])) by (host)'""")
def format_command(
    query: QueryArgument,
    width: Annotated[
        int, typer.Option(min=20, help="Longest line. Longer queries are split over several lines.")
    ] = 100,
) -> None:
    """Print a query in a readable layout, without its comments. Exit 2: the text is not a query."""
    text = read(query)
    sys.stdout.write(pretty(parsed(text), width) + "\n")
    if has_comments(text):
        say("The comments are left out.")


def read(query: str) -> str:
    if query != "-" and not query.startswith("@"):
        return query
    try:
        if query == "-":
            return sys.stdin.read(LARGEST_FILE)
        with Path(query[1:]).open() as file:
            return file.read(LARGEST_FILE)
    except OSError as error:
        stop(f"Reading the query: {error}")
    except UnicodeDecodeError as error:
        stop(f"Reading the query from {'standard input' if query == '-' else query[1:]}: {error}. Write it as UTF-8.")


def parsed(text: str) -> Query:
    try:
        return parse(text)
    except LogQLError as error:
        err.print(str(error), style="red" if err.is_terminal else None, markup=False, highlight=False)
        err.print(error.picture(err.width), markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(BAD_INPUT) from None


def show(advice: Advice, text: str, name: str = "") -> None:
    of = escape(f"{name}: ") if name else ""
    out.print(f"{of}[bold]{advice.rule}[/bold] ({advice.severity})", highlight=False)
    lines = [LogQLError("", text, advice.span[0]).picture(out.width), f"  {advice.why}"]
    if advice.rewrite:
        lines.append(f"  better: {advice.rewrite}")
    for line in lines:
        # Not wrapped, so that it can be copied.
        out.print(line, markup=False, highlight=False, soft_wrap=True)


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
