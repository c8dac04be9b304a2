"""Write a diagnostic as one line, in the form that editors and terminals make clickable."""

from logops.diagnostics.model import Diagnostic

UNNAMED = "<query>"
"""Shown instead of the name of a file if the text comes from no file."""


def place(problem: Diagnostic) -> str:
    """Return `file:line:column`."""
    return f"{problem.file or UNNAMED}:{problem.start.line}:{problem.start.column}"


def line(problem: Diagnostic) -> str:
    """Return `file:line:column: class [*] message -> remedy`. `[*]` marks what the tool can fix."""
    mark = " [*]" if problem.fixable else ""
    remedy = f" -> {problem.advice}" if problem.advice else ""
    return " ".join(f"{place(problem)}: {problem.rule.name}{mark} {problem.message}{remedy}".split())
