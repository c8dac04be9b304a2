"""Open the environment or the platform that a command names. Ends the command with a message if that fails."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from logops.cli.output.console import stop
from logops.environment import Environment, EnvironmentFileError, find_environment, load_environment
from logops.findings import FindingClass
from logops.suggestions import closest
from logops.toolchain import ProjectNotFoundError, ToolchainError, project_root

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore
    from logops.platforms.platform import DeployablePlatform, ReadablePlatform
    from logops.render import Files, Stage


def environment(name: str) -> Environment:
    """Load an environment. If it is not usable, end the command with a list of every problem."""
    try:
        return load_environment(find_environment(name, project_root()))
    except (EnvironmentFileError, ProjectNotFoundError) as error:
        stop(str(error))


def is_environment(name: str) -> bool:
    """Whether there is an environment of this name, or a file at this path."""
    try:
        find_environment(name, project_root())
    except EnvironmentFileError:
        return False
    except ProjectNotFoundError as error:
        stop(str(error))
    return True


def every_environment() -> list[Environment]:
    """Load every environment in `include/environments`."""
    try:
        return [load_environment(file) for file in sorted((project_root() / "include/environments").glob("*.yaml"))]
    except (EnvironmentFileError, ProjectNotFoundError) as error:
        stop(str(error))


def known_class(name: str) -> FindingClass:
    """Return a finding class. If there is no such class, end the command with a message."""
    from logops.findings.classes import REGISTRY

    if name not in REGISTRY:
        near = closest(name, REGISTRY)
        meant = f" Did you mean {near}?" if near else ""
        stop(f"{name} is no finding class.{meant} docs/findings.md has all of them.")
    return REGISTRY[name]


def homes(environments: Sequence[Environment]) -> set[str]:
    """Return every tenant with its cluster, as `main/application`."""
    return {
        f"{name}/{tenant}"
        for environment in environments
        for name, cluster in environment.clusters.items()
        for tenant in cluster.tenants
    }


def platform(name: str) -> "DeployablePlatform":
    """Open the platform of an environment for a rollout."""
    # Platforms import supervisor and psutil, which a check of a file does not need.
    from logops.platforms import open_platform
    from logops.platforms.platform import PlatformError
    from logops.render import PlacementError

    try:
        return open_platform(environment(name), project_root())
    except (PlatformError, PlacementError, ToolchainError) as error:
        stop(str(error))


def readable(name: str) -> "ReadablePlatform":
    """Open the platform of any environment for reading."""
    from logops.platforms import open_to_read
    from logops.render import PlacementError

    try:
        return open_to_read(environment(name), project_root())
    except (PlacementError, ToolchainError) as error:
        stop(str(error))


def comparable(name: str) -> "ReadablePlatform":
    """Open the platform of any environment to compare it with its file."""
    from logops.platforms import open_to_compare
    from logops.render import PlacementError

    try:
        return open_to_compare(environment(name), project_root())
    except (PlacementError, ToolchainError) as error:
        stop(str(error))


def rendered(environment: Environment) -> "dict[Stage, Files]":
    """Return the files that an environment renders to."""
    from logops.platforms import rendered
    from logops.platforms.platform import PlatformError
    from logops.render import PlacementError, UnsupportedByFluentBitError

    try:
        return rendered(environment, project_root())
    except (PlatformError, PlacementError, ToolchainError, UnsupportedByFluentBitError) as error:
        stop(str(error))


def results_store(environment: Environment) -> "ResultsStore":
    """Open the store of an environment's results."""
    from logops.clients.blob_storage import ObjectStoreError
    from logops.platforms import open_results

    try:
        return open_results(environment, project_root())
    except ObjectStoreError as error:
        stop(str(error))
