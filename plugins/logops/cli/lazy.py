"""Import a command only when it is used, so that `logops doctor` starts without the packages of `logops audit`."""

import importlib
from dataclasses import dataclass
from typing import Any

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from logops.cli.interrupt import INTERRUPTED, ends_at_once, interrupted_text
from logops.cli.output.console import err, no_colour, stop


@dataclass(frozen=True)
class Command:
    """A command, or a group of commands, of the command line."""

    name: str
    module: str
    """The module of `logops.cli.commands` whose `app` has it."""
    task: str
    """The group of the command in `logops --help`."""
    help: str
    extra: str = ""
    """The extra of the package that it needs; empty: none."""
    group: bool = False
    """Whether the module's whole `app` is a group under this name."""


TRY = "Try it on this machine"
DEPLOY = "Deploy"
PROVE = "Prove what is stored and how fast it is"
ASK = "Ask for logs, and send them"
CHECK = "Check files"

COMMANDS = (
    Command("quickstart", "quickstart", TRY, "Everything on this machine: what `make up` runs.", "local", True),
    Command("toolchain", "toolchain", TRY, "Find or build the programs that run on this machine.", "local"),
    Command("check", "environment", DEPLOY, "Report mistakes in an environment before it is deployed."),
    Command("render", "environment", DEPLOY, "Show the files that an environment renders to.", "local"),
    Command("rights", "environment", DEPLOY, "Print the rights that a rollout needs on Kubernetes.", "local"),
    Command("plan", "rollout", DEPLOY, "Show what a rollout would change.", "local"),
    Command("up", "rollout", DEPLOY, "Roll an environment out from the terminal.", "local"),
    Command("status", "platform", DEPLOY, "Show every process and the rings.", "local"),
    Command("logs", "platform", DEPLOY, "Show the logs of processes.", "local"),
    Command("drift", "drift", DEPLOY, "Show what was changed by hand, or was not rolled out.", "audit"),
    Command("unlock", "rollout", DEPLOY, "Release the lease of a dead rollout.", "local"),
    Command("down", "platform", DEPLOY, "Stop the processes of an environment; data stays.", "local"),
    Command("audit", "audit", PROVE, "Check what is stored: blobs, index, retention, tiers, cost.", "audit", True),
    Command("lifecycle", "lifecycle", PROVE, "Show and apply the rules that move blobs between tiers.", "audit", True),
    Command("bench", "bench", PROVE, "Measure the query library against objectives and history.", "benchmark", True),
    Command("quality", "quality", PROVE, "Check that all logs arrive: complete, on time, in shape.", "quality", True),
    Command("findings", "findings", PROVE, "Show the open findings of all checks, and accept some.", "audit", True),
    Command("alerts", "alerts", PROVE, "Show and send alerts, see whom they reach, silence them.", "audit", True),
    Command("report", "report", PROVE, "Write the page of an environment: how it stands, what to do.", "report"),
    Command("metrics", "metrics", PROVE, "Show or serve findings and the age of checks, for Prometheus.", "audit"),
    Command("query", "query", ASK, "Run a query of the library.", "audit"),
    Command("ship", "ship", ASK, "Send the lines of a file or a pipe to Loki or to an agent.", "local"),
    Command("agents", "agents", CHECK, "Try the pipelines of log sources; take them over from Promtail.", "", True),
    Command("doctor", "doctor", CHECK, "Find mistakes in configuration that you already have."),
    Command("logql", "logql", CHECK, "Check and format LogQL.", "", True),
    Command("rules", "rules", CHECK, "Check the rules of Loki and Prometheus, and test their alerts.", "local", True),
    Command("schema", "environment", CHECK, "Print the JSON Schema of environment files."),
)


NO_COLOR = "--no-color"
_RUNNING = "logops.cli.running"
"""Key of the command in click's context."""


def load(command: Command) -> Any:
    """Import a command and return it. Raises ModuleNotFoundError if its extra is not installed."""
    with ends_at_once():
        app: typer.Typer = importlib.import_module(f"logops.cli.commands.{command.module}").app
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
    raise LookupError(f"logops.cli.commands.{command.module} has no command {command.name}")


class LazyCommands(TyperGroup):
    """The commands of `COMMANDS`. The list of commands is shown without importing any."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [command.name for command in COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return next((_Listed(command) for command in COMMANDS if command.name == cmd_name), None)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the options that are accepted anywhere on the line: `logops status local --no-color`."""
        ours = args[: args.index("--")] if "--" in args else args
        if NO_COLOR in ours:
            no_colour()
        return super().parse_args(ctx, [*(word for word in ours if word != NO_COLOR), *args[len(ours) :]])

    def invoke(self, ctx: Any) -> Any:
        """Run a command. If its extra is not installed, end the program with a message; some imports come late."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, typer.Abort) as error:
            # typer replaces the Ctrl-C at a question by its own error.
            if isinstance(error, typer.Abort) and not isinstance(error.__context__, KeyboardInterrupt):
                raise
            err.file.write(interrupted_text())
            raise typer.Exit(INTERRUPTED) from None
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
        super().__init__(name=command.name, help=command.help, rich_help_panel=command.task)
        self.command = command
