"""Show diagnostics: for people, one line each, for GitHub Actions, or as SARIF."""

import re
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

import logops
from logops.cli.options import Format
from logops.cli.output.console import out, print_json, printable
from logops.diagnostics.concise import line as concise_line
from logops.diagnostics.concise import place
from logops.diagnostics.excerpt import excerpt
from logops.diagnostics.github import workflow_command
from logops.diagnostics.model import Diagnostic, Level, Lines, in_order
from logops.diagnostics.sarif import sarif_log
from logops.wrapping import wrapped

_STYLES = {Level.ERROR: "bold red", Level.WARNING: "bold yellow", Level.NOTE: "bold cyan"}
_INDENT = 4
_STRING = re.compile(r'"(?:\\.|[^"\\])*"|`[^`]*`')


def print_diagnostics(
    diagnostics: Sequence[Diagnostic],
    texts: Mapping[str, Lines],
    form: Format,
    command: str,
    console: Console = out,
) -> None:
    """Print diagnostics in the order of the files.

    texts     the files, by the names that the diagnostics have
    command   the command that found them, such as `logops doctor`
    """
    ordered = in_order(diagnostics)
    if form is Format.SARIF:
        print_json(sarif_log(ordered, command, logops.__version__))
        return
    for problem in ordered:
        if form is Format.FULL:
            console.print(full(problem, texts.get(problem.file), console.width), soft_wrap=True)
        else:
            text = workflow_command(problem) if form is Format.GITHUB else concise_line(problem)
            console.print(printable(text), soft_wrap=True, markup=False, highlight=False)


def full(problem: Diagnostic, lines: Lines | None, width: int) -> Text:
    """Return position, class and message, the line of the file, and what to do. Lines break between words only."""
    head = f"{place(problem)}: {problem.severity or problem.rule.level.value} {problem.rule.name}"
    mark = " [*]" if problem.fixable else ""
    text = Text(wrapped(f"{head}{mark} {printable(problem.message)}", width, following=_INDENT))
    text.stylize("bold", 0, len(place(problem)))
    text.stylize(_STYLES[problem.rule.level], len(place(problem)) + 2, len(head))
    text.append("\n")
    if lines is not None:
        text.append(_marked_line(problem, lines, width))
    if problem.help:
        text.append(wrapped(f"  = help: {problem.help}", width, following=10) + "\n", style="green")
    if problem.suggestion:
        # A query is the same with line breaks between its words, so it can be copied.
        better = wrapped(f"  = better: {problem.suggestion}", width, following=12, unbroken=_STRING)
        text.append(f"{better}\n", style="green")
    return text


def _marked_line(problem: Diagnostic, lines: Lines, width: int) -> Text:
    """Return the line of the file, with carets below the part that the problem is about."""
    start, end = problem.start, problem.end
    length = end.column - start.column if end and end.line == start.line else 0
    if end and end.line > start.line:
        length = max(1, len(lines.line(start.line)) - start.column + 1)
    number = str(start.line)
    margin = " " * len(number)
    shown, carets = excerpt(lines.line(start.line), start.column, length, width - len(number) - 4)
    text = Text()
    style = _STYLES[problem.rule.level]
    for gutter, content, content_style in ((margin, "", ""), (number, shown, ""), (margin, carets, style)):
        text.append(f"{gutter} |", style="dim")
        text.append(f" {content}\n" if content else "\n", style=content_style)
    return text
