"""Prepare the query library for the linter: each query with its example's parameters, at its place in its file."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from logops.diagnostics.embedded import EmbeddedText
from logops.logql.errors import LogQLError
from logops.logql.lint.in_files import FileQuery, queries_in
from logops.logql.parse import parse
from logops.logql.text import one_line
from logops.queries.fill import fill
from logops.queries.model import LibraryQuery


def library_queries(text: str, path: Path, library: Mapping[str, LibraryQuery]) -> Iterator[tuple[str, FileQuery]]:
    """Yield name and query of each query in a file of the library.

    text      the text of the file
    library   the queries by name, as read from all files
    """
    for query in queries_in(text, path.name):
        name = query.path.split(".")[1]
        if name in library:
            yield name, _filled(query, library[name])


def _filled(query: FileQuery, declared: LibraryQuery) -> FileQuery:
    """Return the query as `fill` writes it. If its layout in the file differs, findings are at its first character."""
    tree = fill(declared, declared.example)
    step_ns = declared.step.value * 1_000_000 if declared.step else None
    try:
        source = query.source if parse(query.text) == tree else None
    except LogQLError:
        source = None
    if source is None:
        text = one_line(tree)
        first, last = query.source.span((0, 1))
        source = EmbeddedText(text, [first] * len(text), [last] * len(text), query.source.styles)
    return FileQuery(query.path, source, step_ns, query.has_variables)
