"""Turn the linter's advice, and errors of a query, into diagnostics with a position in the file."""

import yaml

from logops.diagnostics.model import FILE_UNREADABLE, Diagnostic, Level, Lines, Position, Rule
from logops.logql.errors import LogQLError
from logops.logql.lint.advice import Advice
from logops.logql.lint.check import RULES
from logops.logql.lint.in_files import FileQuery
from logops.logql.tree import Span

_LEVELS = {"error": Level.ERROR, "slow": Level.WARNING, "fragile": Level.WARNING}

INVALID_QUERY = Rule("invalid-query", Level.ERROR, "The text is not a query: Loki refuses it.")
_RULES = {rule.name: Rule(rule.name, _LEVELS[rule.severity], rule.meaning) for rule in RULES}


def of_advice(advice: Advice, query: FileQuery, lines: Lines, file: str = "", *, fixable: bool = False) -> Diagnostic:
    """Return a piece of advice as a diagnostic. `lines` are those of the file."""
    start, end = _range(query, advice.span, lines)
    rule = _RULES.get(advice.rule) or Rule(advice.rule, _LEVELS[advice.severity], advice.why)
    return Diagnostic(
        rule,
        advice.why,
        file,
        start,
        end,
        advice.severity,
        suggestion=advice.rewrite,
        fixable=fixable,
    )


def of_error(error: LogQLError, query: FileQuery, lines: Lines, file: str = "") -> Diagnostic:
    """Return the error of a text that is not a query as a diagnostic."""
    start, _ = _range(query, (error.at, error.at), lines)
    return Diagnostic(INVALID_QUERY, error.reason, file, start)


def of_yaml_error(error: yaml.YAMLError, file: str) -> Diagnostic:
    """Return the error of a file that is not YAML as a diagnostic."""
    mark = getattr(error, "problem_mark", None)
    position = Position(mark.line + 1, mark.column + 1) if mark else Position()
    reason = getattr(error, "problem", None) or " ".join(str(error).split())
    return Diagnostic(FILE_UNREADABLE, f"not readable as YAML: {reason}", file, position)


def _range(query: FileQuery, span: Span, lines: Lines) -> tuple[Position, Position]:
    first, last = query.source.span(span)
    if span[0] == span[1]:
        first = last = query.source.start(span[0])
    return lines.position(first), lines.position(last)
