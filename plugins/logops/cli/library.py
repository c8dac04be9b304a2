"""Read the query library for a command."""

from logops.cli.console import stop
from logops.queries.library import LibraryError, load_library
from logops.queries.model import LibraryQuery
from logops.toolchain import ProjectNotFoundError, project_root


def read_library() -> dict[str, LibraryQuery]:
    """Return the queries by name. Ends the command if a file is not usable, or the project is not found."""
    try:
        return load_library(project_root())
    except (LibraryError, ProjectNotFoundError) as error:
        stop(str(error))
