"""Import a command only when it is used, so that `logops doctor` starts without the packages of `logops audit`."""

import importlib
from dataclasses import dataclass
from typing import Any

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from logops.cli.console import stop


@dataclass(frozen=True)
class Command:
    """A command, or a group of commands, of the command line."""

    name: str
    module: str
    """The module of `logops.cli` whose `app` has it."""
    help: str
    extra: str = ""
    """The extra of the package that it needs; empty: none."""
    group: bool = False
    """Whether the module's whole `app` is a group under this name."""


COMMANDS = (
    Command("check", "environment", "Report mistakes in an environment before it is deployed."),
    Command("schema", "environment", "Print the JSON Schema of environment files."),
    Command("render", "environment", "Show the files that an environment renders to.", "local"),
    Command("doctor", "doctor", "Find mistakes in configuration that you already have."),
    Command("plan", "rollout", "Show what a rollout would change.", "local"),
    Command("up", "rollout", "Roll an environment out from the terminal.", "local"),
    Command("unlock", "rollout", "Release the lease of a dead rollout.", "local"),
    Command("status", "platform", "Show every process and the rings.", "local"),
    Command("logs", "platform", "Show the logs of processes.", "local"),
    Command("down", "platform", "Stop the processes of an environment; data stays.", "local"),
    Command("query", "query", "Run a query of the library.", "audit"),
    Command("toolchain", "toolchain", "Find or build the programs that run on this machine.", "local"),
    Command("audit", "audit", "Check what is stored: blobs, index, retention, tiers, usage, cost.", "audit", True),
    Command("lifecycle", "lifecycle", "Lifecycle rules that move blobs between tiers.", "audit", True),
    Command("logql", "logql", "Check and format LogQL.", "", True),
    Command("rules", "rules", "Check recording and alerting rules, and test alerts on a real Loki.", "local", True),
    Command("bench", "bench", "Measure the query library against its objectives and its history.", "benchmark", True),
    Command("quickstart", "quickstart", "Everything on this machine: what `make up` runs.", "local", True),
)


_RUNNING = "logops.cli.running"
"""Key of the command in click's context."""


def load(command: Command) -> Any:
    """Import a command and return it. Raises ModuleNotFoundError if its extra is not installed."""
    app: typer.Typer = importlib.import_module(f"logops.cli.{command.module}").app
    options: dict[str, Any] = {
        "pretty_exceptions_short": app.pretty_exceptions_short,
        "rich_markup_mode": app.rich_markup_mode,
    }
    if command.group:
        group = typer.models.TyperInfo(app, name=command.name, help=command.help)
        return typer.main.get_group_from_info(group, suggest_commands=True, **options)
    for registered in app.registered_commands:
        name = registered.name or typer.main.get_command_name(getattr(registered.callback, "__name__", ""))
        if name == command.name:
            return typer.main.get_command_from_info(registered, **options)
    raise LookupError(f"logops.cli.{command.module} has no command {command.name}")


class LazyCommands(TyperGroup):
    """The commands of `COMMANDS`. The list of commands is shown without importing any."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [command.name for command in COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return next((_Listed(command) for command in COMMANDS if command.name == cmd_name), None)

    def invoke(self, ctx: Any) -> Any:
        """Run a command. If its extra is not installed, end the program with a message; some imports come late."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            command: Command | None = ctx.meta.get(_RUNNING)
            if command is None or not command.extra or (error.name or "").startswith("logops"):
                raise
            stop(
                f"logops {command.name}: the package {error.name} is not installed. It comes with the extra "
                f"{command.extra!r}: pip install 'logops[{command.extra}]'"
            )

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, listed, remaining = super().resolve_command(ctx, args)
        if not isinstance(listed, _Listed):
            return name, listed, remaining
        ctx.meta[_RUNNING] = listed.command
        return name, load(listed.command), remaining


class _Listed(TyperCommand):
    """A command in the list of commands, with its name and help only."""

    def __init__(self, command: Command) -> None:
        super().__init__(name=command.name, help=command.help)
        self.command = command
