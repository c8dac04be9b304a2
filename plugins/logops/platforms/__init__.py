"""The platforms that an environment can run on, behind two interfaces: readable and deployable.

A platform is imported when it is opened, because most commands only need `open_results`, or fail before.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from logops.environment import Environment
from logops.platforms.results import STATE, open_results, results_url

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

    from logops.platforms.local import LocalPlatform
    from logops.platforms.platform import DeployablePlatform, ReadablePlatform
    from logops.render import BaseValues, Commands, Files, Stage
    from logops.rules.prometheus import PrometheusRules
    from logops.rules.read import Rules

__all__ = [
    "STATE",
    "base_values",
    "local_commands",
    "open_local",
    "open_platform",
    "open_results",
    "open_to_compare",
    "open_to_read",
    "rendered",
    "results_url",
    "terraform_module",
]


def open_platform(
    environment: Environment, root: Path, credential: "TokenCredential | None" = None
) -> "DeployablePlatform":
    """Open the platform of an environment for a rollout, with its state below the project `root`. Starts nothing.

    credential   login to Azure; default: this machine's identity

    Raises AccessError if there is no login to its cluster, PlacementError if the environment does not fit this machine.
    """
    if environment.platform.kind == "local":
        return open_local(environment, root)
    from logops.platforms.kubernetes.access import find_access
    from logops.platforms.kubernetes.platform import KubernetesPlatform

    return KubernetesPlatform(environment, lambda: rendered(environment, root), find_access(), credential=credential)


def open_to_read(
    environment: Environment, root: Path, credential: "TokenCredential | None" = None
) -> "ReadablePlatform":
    """Open the platform of any environment for reading, with a login as in `open_platform`.

    Raises PlacementError if a local environment does not fit.
    """
    if environment.platform.kind == "local":
        return open_local(environment, root)
    from logops.platforms.remote import RemotePlatform

    return RemotePlatform(environment, credential=credential)


def open_to_compare(
    environment: Environment, root: Path, credential: "TokenCredential | None" = None
) -> "ReadablePlatform":
    """Open the platform of any environment to compare it with its file: deployable, if there is a login to its cluster.

    Raises PlacementError if a local environment does not fit.
    """
    from logops.platforms.kubernetes.access import AccessError

    try:
        return open_platform(environment, root, credential)
    except AccessError:
        return open_to_read(environment, root, credential)


def open_local(environment: Environment, root: Path) -> "LocalPlatform":
    """Open a local environment. Unlike other platforms, it can stop all its processes and show their logs.

    Raises NotLocalError for another environment, PlacementError if it does not fit this machine.
    """
    from logops.platforms.local import LocalPlatform
    from logops.platforms.platform import NotLocalError

    if environment.platform.kind != "local":
        raise NotLocalError(
            f"Environment {environment.name} is for Kubernetes. logops cannot start or stop it, and its logs are in "
            "`kubectl logs`. These commands work for it: check, render, rights, plan, up, unlock, status, drift, "
            "audit, query, bench, lifecycle show."
        )
    return LocalPlatform(environment, root / STATE / environment.name, local_commands, _rules, _prometheus_rules)


def rendered(environment: Environment, root: Path) -> "dict[Stage, Files]":
    """Return the files of each stage that can be rendered for an environment.

    Raises PlatformError if the rules are not valid, PlacementError if the environment does not fit the platform,
    UnsupportedByFluentBitError if Fluent Bit cannot do what a source asks for, ToolchainError if a program of a local
    environment is missing.
    """
    if environment.platform.kind == "local":
        return open_local(environment, root).desired()
    from logops.render import render_kubernetes

    return render_kubernetes(
        environment, _rules(), _prometheus_rules(), _secret_rules(), base_values(), terraform_module()
    )


def local_commands() -> "Commands":
    """Return the command of every program of a local environment. Raises ToolchainError if one is missing."""
    import sys

    from logops.toolchain import SERVICES, command

    # The same checkout and the same Python as this process, wherever supervisord starts it.
    logops = ("env", f"PYTHONPATH={Path(__file__).parents[2]}", sys.executable, "-m", "logops.cli")
    return {**{name: command(name) for name in SERVICES}, "logops": logops}


def base_values() -> "BaseValues":
    """Return the base values of every Helm chart, from include/helm."""
    import yaml

    from logops.toolchain import project_root

    folder = project_root() / "include/helm"
    return {file.stem: yaml.safe_load(file.read_text("utf-8")) for file in sorted(folder.glob("*.yaml"))}


def terraform_module() -> str:
    """Return the text of the module for storage accounts, from include/terraform."""
    from logops.toolchain import project_root

    return (project_root() / "include/terraform/storage-account/main.tf").read_text("utf-8")


def _secret_rules() -> str:
    from logops.toolchain import project_root

    return (project_root() / "include/secrets/rules.toml").read_text("utf-8")


def _rules() -> "Rules":
    from logops.platforms.platform import PlatformError
    from logops.rules.read import RulesError, load_rules
    from logops.toolchain import project_root

    try:
        return load_rules(project_root())
    except RulesError as invalid:
        raise PlatformError(str(invalid)) from None


def _prometheus_rules() -> "PrometheusRules":
    from logops.platforms.platform import PlatformError
    from logops.rules.prometheus import load_prometheus_rules
    from logops.rules.read import RulesError
    from logops.toolchain import project_root

    try:
        return load_prometheus_rules(project_root())
    except RulesError as invalid:
        raise PlatformError(str(invalid)) from None
