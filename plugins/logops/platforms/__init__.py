"""The platforms that an environment can run on, behind two interfaces: readable and deployable."""

from pathlib import Path

from logops.environment import Environment
from logops.environment.deployable import not_deployable
from logops.platforms.local import LocalPlatform
from logops.platforms.platform import DeployablePlatform, NotDeployableError, PlatformError, ReadablePlatform
from logops.platforms.remote import RemotePlatform
from logops.platforms.results import STATE, open_results, results_url
from logops.render import Commands, Files, Stage, render_kubernetes
from logops.rules.read import Rules, RulesError, load_rules
from logops.toolchain import SERVICES, command, project_root

__all__ = [
    "STATE",
    "DeployablePlatform",
    "ReadablePlatform",
    "open_local",
    "open_platform",
    "open_results",
    "open_to_read",
    "rendered",
    "results_url",
]


def open_platform(environment: Environment, root: Path) -> DeployablePlatform:
    """Open the platform of an environment for a rollout, with its state below the project `root`. Starts nothing.

    Raises NotDeployableError if this version cannot deploy to that platform, PlacementError if the environment does not
    fit this machine.
    """
    return open_local(environment, root)


def open_to_read(environment: Environment, root: Path) -> ReadablePlatform:
    """Open the platform of any environment for reading. Raises PlacementError if a local environment does not fit."""
    return open_local(environment, root) if environment.platform.kind == "local" else RemotePlatform(environment)


def open_local(environment: Environment, root: Path) -> LocalPlatform:
    """Open a local environment. Unlike other platforms, it can stop all its processes and show their logs.

    Raises as `open_platform` does.
    """
    if refusal := not_deployable(environment):
        raise NotDeployableError(refusal)
    return LocalPlatform(environment, root / STATE / environment.name, _commands, _rules)


def rendered(environment: Environment, root: Path) -> dict[Stage, Files]:
    """Return the files of each stage that can be rendered for an environment.

    Raises PlatformError if the rules are not valid, PlacementError if the environment does not fit the platform,
    UnsupportedByFluentBitError if Fluent Bit cannot do what a source asks for, ToolchainError if a program of a local
    environment is missing.
    """
    if environment.platform.kind == "local":
        return open_local(environment, root).desired()
    return render_kubernetes(environment, _rules())


def _commands() -> Commands:
    return {name: command(name) for name in SERVICES}


def _rules() -> Rules:
    try:
        return load_rules(project_root())
    except RulesError as invalid:
        raise PlatformError(str(invalid)) from None
