"""Read the query library."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from logops.environment.typed_file import FileRefusedError, read_file
from logops.errors import LogopsError
from logops.logql.errors import LogQLError
from logops.logql.parse import parse
from logops.logql.tree import LogQuery
from logops.queries.fill import FillError, fill
from logops.queries.model import LibraryFile, LibraryQuery
from logops.suggestions import did_you_mean


class LibraryError(LogopsError):
    """A file of the library is not usable."""


class UnknownQueryError(LogopsError):
    """The library has no query of this name."""


def load_library(root: Path) -> dict[str, LibraryQuery]:
    """Return every query of `include/logql/*.yaml` below the project's root, by name. Raises LibraryError."""
    queries: dict[str, LibraryQuery] = {}
    for path in sorted((root / "include/logql").glob("*.yaml")):
        for name, query in load_file(path).items():
            if name in queries:
                raise LibraryError(f"{path}: {name} is the name of a query of another file, too.")
            queries[name] = query
    return queries


def select(library: Mapping[str, LibraryQuery], names: Iterable[str]) -> dict[str, LibraryQuery]:
    """Return the queries of these names, in the order of the library; all queries if there are no names.

    Raises UnknownQueryError with every unknown name and the known names.
    """
    chosen = set(names)
    if unknown := sorted(chosen - set(library)):
        raise UnknownQueryError(
            f"No query {', '.join(unknown)} in include/logql/. There are: {', '.join(sorted(library))}."
            + did_you_mean(unknown[0], library)
        )
    return {name: query for name, query in library.items() if not chosen or name in chosen}


def load_file(path: Path) -> dict[str, LibraryQuery]:
    try:
        read = read_file(path, LibraryFile, "queries")
    except FileRefusedError as refused:
        raise LibraryError(str(refused)) from None
    for name, query in read.queries.items():
        check(path, name, query)
    return dict(read.queries)


def check(path: Path, name: str, query: LibraryQuery) -> None:
    """Check a query. Raises LibraryError.

    Its example and the story's query must parse. A metric query needs a step and a numeric answer; a log query must
    not have them.
    """
    try:
        tree = fill(query, query.example)
    except LogQLError as error:
        raise LibraryError(f"{path}, queries.{name}.logql: {error}\n{error.picture()}") from None
    except FillError as error:
        raise LibraryError(f"{path}, queries.{name}: {error}") from None
    for field, text in _of_story(query):
        try:
            parse(text)
        except LogQLError as error:
            raise LibraryError(f"{path}, queries.{name}.story.{field}: {error}\n{error.picture()}") from None
    if isinstance(tree, LogQuery) != (query.step is None):
        raise LibraryError(f"{path}, queries.{name}: a query has a step where it answers with numbers, and only there.")
    lines, numbers = (query.answer.lines, query.answer.newest), (query.answer.series, query.answer.total)
    given, other = (lines, numbers) if isinstance(tree, LogQuery) else (numbers, lines)
    if None in given or other != (None, None):
        raise LibraryError(
            f"{path}, queries.{name}.answer: lines and newest of a log query, series and total of a metric query."
        )


def _of_story(query: LibraryQuery) -> list[tuple[str, str]]:
    story = query.story
    if story is None:
        return []
    return [("logql", story.logql), *([("mended", story.mended)] if story.mended else [])]
