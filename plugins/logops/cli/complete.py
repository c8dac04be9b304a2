"""Complete names in the shell: environments, queries, tables, tenants, processes. Errors complete nothing.

Every help text imports this module, so its functions import what they need.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from logops.environment import Environment

_TABLE_DAYS = 90
"""Days whose tables are completed, from today."""
_ENVIRONMENT = ("environment_name", "name")
"""Names of the parameter ENV."""


def environments(incomplete: str) -> list[str]:
    from logops.toolchain import ProjectNotFoundError, project_root

    try:
        files = (project_root() / "include/environments").glob("*.yaml")
    except ProjectNotFoundError:
        return []
    return _starting(incomplete, sorted(file.stem for file in files))


def queries(incomplete: str) -> list[str]:
    from logops.queries.library import LibraryError, load_library
    from logops.toolchain import ProjectNotFoundError, project_root

    try:
        return _starting(incomplete, load_library(project_root()))
    except (LibraryError, ProjectNotFoundError):
        return []


def tables(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the tables of the last days, by the schema periods of the environment on the line."""
    environment = _environment(ctx)
    if environment is None:
        return []
    today = int(datetime.now(UTC).timestamp()) // 86_400
    prefixes = sorted(
        {cluster.schema_periods[-1].index_prefix for cluster in environment.clusters.values()},
    )
    return _starting(
        incomplete, (f"{prefix}{day}" for prefix in prefixes for day in range(today, today - _TABLE_DAYS, -1))
    )


def tenants(ctx: typer.Context, incomplete: str) -> list[str]:
    environment = _environment(ctx)
    clusters = environment.clusters.values() if environment else ()
    return _starting(incomplete, sorted({tenant for cluster in clusters for tenant in cluster.tenants}))


def sources(ctx: typer.Context, incomplete: str) -> list[str]:
    environment = _environment(ctx)
    return _starting(incomplete, sorted(environment.sources)) if environment else []


def processes(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the processes that have a log on this machine."""
    environment = _environment(ctx)
    if environment is None:
        return []
    from logops.platforms import STATE
    from logops.toolchain import project_root

    return _starting(
        incomplete, sorted(log.stem for log in (project_root() / STATE / environment.name / "logs").glob("*.log"))
    )


def programs(incomplete: str) -> list[str]:
    from logops.toolchain import ALL_PROGRAMS

    return _starting(incomplete, ALL_PROGRAMS)


def _environment(ctx: typer.Context) -> "Environment | None":
    """Return the environment that the line names so far; None if it cannot be read."""
    from logops.environment import EnvironmentFileError, find_environment, load_environment
    from logops.toolchain import ProjectNotFoundError, project_root

    # After an option without its value, typer leaves the arguments unread.
    unread = [word for word in ctx.args if not word.startswith("-")]
    name = next(iter([*unread, *(ctx.params[key] for key in _ENVIRONMENT if ctx.params.get(key))]), "local")
    try:
        return load_environment(find_environment(name, project_root()))
    except (EnvironmentFileError, ProjectNotFoundError):
        return None


def _starting(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
