"""The places an environment is rolled out to, behind one interface."""

from pathlib import Path

from logops.environment import Environment
from logops.platforms.local import LocalPlatform
from logops.platforms.platform import Platform, PlatformError
from logops.platforms.remote import RemotePlatform, refusal
from logops.platforms.results import STATE, results_url
from logops.render import Commands
from logops.rules.read import Rules, RulesError, load_rules
from logops.toolchain import command, project_root

__all__ = ["STATE", "Platform", "open_local", "open_platform", "open_to_read", "results_url"]


def open_platform(environment: Environment, root: Path) -> Platform:
    """The platform of an environment, with its state below the project `root`. Starts nothing.

    Raises PlatformError where this version has no such platform, PlacementError where the environment does not fit it.
    """
    return open_local(environment, root)


def open_to_read(environment: Environment, root: Path) -> Platform:
    """As `open_platform`, for those who change nothing: of an environment that this version cannot roll out, what can
    be read. Raises PlacementError where a local environment does not fit."""
    return open_local(environment, root) if environment.platform.kind == "local" else RemotePlatform(environment)


def open_local(environment: Environment, root: Path) -> LocalPlatform:
    """As `open_platform`, for what only the local platform can do: stop everything, and show its logs."""
    if environment.platform.kind != "local":
        raise refusal(environment)
    return LocalPlatform(environment, root / STATE / environment.name, _commands, _rules)


def _commands() -> Commands:
    return {name: command(name) for name in ("azurite", "prometheus", "loki", "promtail", "loki-canary")}


def _rules() -> Rules:
    try:
        return load_rules(project_root())
    except RulesError as invalid:
        raise PlatformError(str(invalid)) from None
