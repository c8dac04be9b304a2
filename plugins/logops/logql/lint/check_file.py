"""Lint every query in a file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from logops.diagnostics.model import Diagnostic, Lines
from logops.logql.errors import LogQLError
from logops.logql.lint import diagnostics
from logops.logql.lint.advice import Advice
from logops.logql.lint.check import lint
from logops.logql.lint.fix_file import ContextOf, fixes_of
from logops.logql.lint.in_files import FileQuery, queries_in
from logops.logql.parse import parse


@dataclass(frozen=True, slots=True)
class Problem:
    """A diagnostic with what it is about."""

    diagnostic: Diagnostic
    query: FileQuery | None = None
    """None: the file cannot be read."""
    advice: Advice | None = None
    """None: the text is not a query."""

    @property
    def is_unusable(self) -> bool:
        """Whether the text is not a query, or the file cannot be read."""
        return self.advice is None


def lint_file(text: str, file: str, context_of: ContextOf) -> tuple[int, list[Problem]]:
    """Return the number of queries in a file, and their problems.

    file   name of the file; empty for a text that is one query and comes from no file
    """
    try:
        queries = queries_in(text, file)
    except yaml.YAMLError as error:
        return 0, [Problem(diagnostics.of_yaml_error(error, file))]
    return len(queries), list(problems_of(queries, Lines(text), file, context_of))


def problems_of(queries: Sequence[FileQuery], lines: Lines, file: str, context_of: ContextOf) -> Iterator[Problem]:
    """Yield the problems of queries in a file. `lines` are those of the file."""
    for query in queries:
        context = context_of(query)
        try:
            advice = lint(parse(query.text), context)
        except LogQLError as error:
            yield Problem(diagnostics.of_error(error, query, lines, file), query)
            continue
        fixable = {fix.advice for fix in fixes_of(query, context)} if any(piece.certain for piece in advice) else set()
        for piece in advice:
            diagnostic = diagnostics.of_advice(piece, query, lines, file, fixable=piece in fixable)
            yield Problem(diagnostic, query, piece)
