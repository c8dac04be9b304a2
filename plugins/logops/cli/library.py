"""Read the query library for a command, and select queries by name."""

from collections.abc import Iterable, Mapping

from logops.cli.output.console import stop
from logops.queries.library import LibraryError, UnknownQueryError, load_library, select
from logops.queries.model import LibraryQuery
from logops.toolchain import ProjectNotFoundError, project_root


def read_library() -> dict[str, LibraryQuery]:
    """Return the queries by name. Ends the command if a file is not usable, or the project is not found."""
    try:
        return load_library(project_root())
    except (LibraryError, ProjectNotFoundError) as error:
        stop(str(error))


def selected(library: Mapping[str, LibraryQuery], names: Iterable[str]) -> dict[str, LibraryQuery]:
    """Return the queries of these names; all queries if there are no names. Ends the command if a name is unknown."""
    try:
        return select(library, names)
    except UnknownQueryError as error:
        stop(str(error))
