"""Write a diagnostic as a workflow command, from which GitHub Actions makes an annotation of the file.

Format: docs.github.com/actions/reference/workflow-commands-for-github-actions. Escapes: packages/core/src/command.ts of
github.com/actions/toolkit.
"""

from logops.diagnostics.model import Diagnostic, Level

_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


def workflow_command(problem: Diagnostic) -> str:
    """Return one line: `::error file=loki.yaml,line=3,col=5,title=retention-short::MESSAGE`."""
    properties = {"title": problem.rule.name}
    if problem.file:
        properties = {
            "file": problem.file,
            "line": str(problem.start.line),
            "col": str(problem.start.column),
            **_end(problem),
            **properties,
        }
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    message = f"{problem.message}\n{problem.advice}" if problem.advice else problem.message
    return f"::{_COMMANDS[problem.rule.level]} {listed}::{_data(message)}"


def _end(problem: Diagnostic) -> dict[str, str]:
    """Return the end of the problem. GitHub accepts an end column only in the same line."""
    if problem.end is None:
        return {}
    if problem.end.line != problem.start.line:
        return {"endLine": str(problem.end.line)}
    return {"endLine": str(problem.end.line), "endColumn": str(problem.end.column)}


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
