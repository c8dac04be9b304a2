"""`logops logql ...`: check, fix and format queries."""

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import typer

from logops.cli.library import read_library
from logops.cli.options import Format
from logops.cli.output.console import BAD_INPUT, FOUND, OK, err, out, print_json, say, stop
from logops.cli.output.diagnostics import print_diagnostics
from logops.cli.targets import environment, every_environment, homes
from logops.diagnostics.model import Lines
from logops.environment import Environment
from logops.findings.atomic_write import replace_file
from logops.logql import literals
from logops.logql.errors import LogQLError
from logops.logql.lint.advice import QUERY_ALONE, Advice, Context
from logops.logql.lint.check_file import Problem, lint_file, problems_of
from logops.logql.lint.diagnostics import of_advice
from logops.logql.lint.fix_file import fixed_file
from logops.logql.lint.in_files import SUFFIXES, FileQuery
from logops.logql.parse import parse
from logops.logql.text import pretty
from logops.logql.tokens import has_comments
from logops.logql.tree import Query
from logops.number_text import count_text, size_text
from logops.queries.known import context
from logops.queries.lint import library_queries
from logops.queries.model import LibraryQuery
from logops.toolchain import project_root

LARGEST_FILE = 5 << 20
_COMMAND = "logops logql lint"
_PATH = re.compile(r"[^{}\"`|]+\.(?:ya?ml|json|logql)", re.IGNORECASE)
"""An argument that looks like the name of a file, but there is no such file."""


@dataclass
class Linted:
    """The problems in all files and queries."""

    queries: int = 0
    files: int = 0
    problems: list[Problem] = field(default_factory=list)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    """Name of a query of the library, by file and path."""
    lines: dict[str, Lines] = field(default_factory=dict)
    fixed: list[Advice] = field(default_factory=list)
    fixed_files: int = 0


def lint_command(
    queries: list[str] | None,
    library: bool,
    environment_name: str,
    step: str,
    metadata: list[str] | None,
    fix: bool,
    form: Format,
    as_json: bool,
) -> None:
    """Run `logops logql lint`."""
    if library == bool(queries):
        stop("Nothing to check: give a query, a file, or --library.")
    step_ns = literals.range_duration(step) if step else None
    if step and not step_ns:
        stop(f"--step {step}: not a duration like 1m")
    target = environment(environment_name) if environment_name else None
    known = context(target) if target else QUERY_ALONE
    known = replace(known, metadata=known.metadata | frozenset(metadata or ()))

    def context_of(query: FileQuery) -> Context:
        return replace(known, step_ns=step_ns or query.step_ns)

    linted = Linted()
    if library:
        _lint_library(linted, target, context_of, fix)
    for argument in queries or ():
        for file in _files(argument):
            _lint_input(linted, argument, file, context_of, fix)
    diagnostics = [problem.diagnostic for problem in linted.problems]
    if as_json:
        print_json([_as_data(problem, linted) for problem in linted.problems])
    else:
        # A fixed query is the output; what is left in it is for people.
        console = err if fix and not linted.files else out
        print_diagnostics(diagnostics, linted.lines, form, _COMMAND, console)
        _say_counts(linted, fix)
    if any(problem.is_unusable for problem in linted.problems):
        raise typer.Exit(BAD_INPUT)
    raise typer.Exit(FOUND if diagnostics else OK)


def _files(argument: str) -> Sequence[Path | None]:
    """Return the files that an argument names; None for a query or standard input."""
    path = Path(argument.removeprefix("@"))
    if argument == "-":
        return [None]
    try:
        if path.is_dir():
            return sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES)
        if argument.startswith("@") or path.is_file():
            return [path]
    except OSError:
        # A long query is no name of a file.
        return [None]
    if _PATH.fullmatch(argument):
        stop(f"Reading queries: {argument}: there is no such file or folder.")
    return [None]


def _lint_input(linted: Linted, argument: str, path: Path | None, context_of: Any, fix: bool) -> None:
    file = str(path) if path else ""
    text = read(f"@{path}" if path else argument)
    if fix:
        text = _fix(linted, text, file, context_of)
    count, problems = lint_file(text, file, context_of)
    linted.queries += count
    linted.files += path is not None
    linted.problems += problems
    linted.lines[file] = Lines(text)
    if not count and not problems and path == Path(argument.removeprefix("@")):
        say(f"{file}: no query found. Read are rules of Loki, dashboards with Loki as data source, and ConfigMaps.")


def _fix(linted: Linted, text: str, file: str, context_of: Any) -> str:
    """Return the fixed text. Write it to its file, or print it if there is no file."""
    better, applied = fixed_file(text, file, context_of)
    linted.fixed += applied
    if not file:
        sys.stdout.write(better if better.endswith("\n") else f"{better}\n")
    elif better != text:
        linted.fixed_files += 1
        replace_file(Path(file), better.encode())
    return better


def _lint_library(linted: Linted, target: Environment | None, context_of: Any, fix: bool) -> None:
    library = read_library()
    homeless = dict(_homeless(library, target, every_environment()))
    for path in sorted((project_root() / "include/logql").glob("*.yaml")):
        file = str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
        text = read(f"@{path}")
        if fix:
            text = _fix(linted, text, file, context_of)
        lines = linted.lines[file] = Lines(text)
        named = list(library_queries(text, path, library))
        linted.files += 1
        linted.queries += len(named)
        linted.problems += problems_of([query for _, query in named], lines, file, context_of)
        for name, query in named:
            linted.names[file, query.path] = name
            if name in homeless:
                problem = of_advice(homeless[name], query, lines, file)
                linted.problems.append(Problem(problem, query, homeless[name]))


def _say_counts(linted: Linted, fix: bool) -> None:
    counts = Counter(problem.diagnostic.severity or "error" for problem in linted.problems)
    words = {"error": "error", "slow": "slow part", "fragile": "fragile part"}
    summary = ", ".join(count_text(counts[word], words[word]) for word in words if counts[word]) or "no findings"
    where = f" in {count_text(linted.files, 'file')}" if linted.files else ""
    fixable = sum(problem.diagnostic.fixable for problem in linted.problems)
    if fix:
        written = f" in {count_text(linted.fixed_files, 'file')}" if linted.fixed_files else ""
        say(f"{count_text(len(linted.fixed), 'finding')} fixed{written}.")
    say(f"{count_text(linted.queries, 'query')}{where}: {summary}")
    if fixable:
        say(f"[*] {fixable} of {len(linted.problems)} can be fixed with --fix.")


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


def format_command(query: str, width: int) -> None:
    """Run `logops logql format`."""
    text = read(query)
    sys.stdout.write(pretty(parsed(text), width) + "\n")
    if has_comments(text):
        say("The comments are left out.")


def read(query: str) -> str:
    if query != "-" and not query.startswith("@"):
        return query
    try:
        # The line breaks stay as they are, because --fix writes the text again.
        text = sys.stdin.read(LARGEST_FILE + 1) if query == "-" else _text(Path(query[1:]))
    except OSError as error:
        stop(f"Reading the query: {error}")
    except UnicodeDecodeError as error:
        source = "standard input" if query == "-" else query[1:]
        stop(f"Reading the query from {source}: {error}. Write it as UTF-8.")
    if len(text) > LARGEST_FILE:
        stop(f"Reading the query from {query.removeprefix('@')}: the text is longer than {size_text(LARGEST_FILE)}.")
    return text


def _text(path: Path) -> str:
    with path.open(encoding="utf-8", newline="") as file:
        return file.read(LARGEST_FILE + 1)


def parsed(text: str) -> Query:
    try:
        return parse(text)
    except LogQLError as error:
        err.print(str(error), style="red" if err.is_terminal else None, markup=False, highlight=False)
        err.print(error.picture(err.width), markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(BAD_INPUT) from None


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


def _as_data(problem: Problem, linted: Linted) -> dict[str, Any]:
    diagnostic = problem.diagnostic
    advice = problem.advice or Advice(diagnostic.rule.name, "error", diagnostic.message, (0, 0))
    data = as_data(advice, problem.query.text if problem.query else "")
    data |= {
        "file": diagnostic.file,
        "line": diagnostic.start.line,
        "column": diagnostic.start.column,
        "fixable": diagnostic.fixable,
    }
    name = linted.names.get((diagnostic.file, problem.query.path)) if problem.query else None
    return data | ({"query": name} if name else {})
