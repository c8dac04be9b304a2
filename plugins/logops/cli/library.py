"""The query library, as commands need it."""

from logops.cli.console import stop
from logops.queries.library import LibraryError, load_library
from logops.queries.model import LibraryQuery
from logops.toolchain import ProjectNotFoundError, project_root


def read_library() -> dict[str, LibraryQuery]:
    """By name. Ends the command where a file of it is not usable, or the project is not there."""
    try:
        return load_library(project_root())
    except (LibraryError, ProjectNotFoundError) as error:
        stop(str(error))
