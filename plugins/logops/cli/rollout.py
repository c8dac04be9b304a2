"""`logops plan`, `up`, `unlock`: roll an environment out from a terminal. The `rollout` DAG does the same."""

import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markdown import Markdown

from logops.cli.console import BAD_INPUT, FOUND, OK, err, out, print_json, say, stop
from logops.cli.environment import EnvironmentArgument, environment
from logops.platforms import open_platform, open_to_read
from logops.platforms.platform import LeaseHeldError, Platform, PlatformError
from logops.render import STAGES, Files, PlacementError, Stage
from logops.rollout import Outcome, Plan, plan, run_rollout
from logops.toolchain import ToolchainError, project_root

app = typer.Typer()
StagesOption = Annotated[
    list[str] | None, typer.Option("--stage", help=f"Only this stage; may be repeated. One of: {', '.join(STAGES)}.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="For machines.")]


def platform(name: str) -> Platform:
    """The platform of the environment a person named. Ends the command where there is none."""
    try:
        return open_platform(environment(name), project_root())
    except (PlatformError, PlacementError, ToolchainError) as error:
        stop(str(error))


def desired(name: str) -> dict[Stage, Files]:
    """What the environment a person named asks for. Ends the command where that cannot be said."""
    try:
        return platform(name).desired()
    except (PlatformError, ToolchainError) as error:
        stop(str(error))


def readable(name: str) -> Platform:
    """The same, for a command that changes nothing: of any environment."""
    try:
        return open_to_read(environment(name), project_root())
    except (PlacementError, ToolchainError) as error:
        stop(str(error))


@app.command("plan", epilog="Example: logops plan local --stage loki")
def show_plan(name: EnvironmentArgument = "local", stage: StagesOption = None, as_json: JsonOption = False) -> None:
    """Show what a rollout would change. Changes nothing."""
    wanted = _plan(platform(name), stage)
    if as_json:
        print_json({**wanted.to_dict(), "digest": wanted.digest, "changed": wanted.changed})
    else:
        _show(wanted)


@app.command(epilog="Example: logops up local --yes")
def up(
    name: EnvironmentArgument = "local",
    stage: StagesOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask. Refused where approval is required.")] = False,
) -> None:
    """Roll an environment out: plan, ask, apply and verify each stage; what fails is rolled back.

    Exit 1: a stage failed and was rolled back, or the plan was declined.
    """
    place = platform(name)
    wanted = _plan(place, stage)
    _show(wanted)
    if not wanted.changed:
        raise typer.Exit(OK)
    if yes and place.environment.approval.required:
        stop(f"{name} requires approval: run without --yes, or trigger the rollout DAG", BAD_INPUT)
    if not yes and not typer.confirm("Roll this out?", default=False, err=True):
        stop("Nothing was changed.", FOUND)
    owner = f"terminal-{getpass.getuser()}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    try:
        outcome = run_rollout(place, wanted, owner, say)
    except LeaseHeldError as held:
        stop(str(held), FOUND)
    _tell(outcome)


@app.command(epilog="Example: logops unlock local --owner manual__2026-11-23T06:30:00+00:00")
def unlock(
    name: EnvironmentArgument = "local",
    owner: Annotated[str, typer.Option(help="The run that holds the lease, as the refusal named it.")] = "",
) -> None:
    """Take the lease from a rollout that is dead. One that still runs will refuse to go on."""
    platform(name).release(owner)


def _plan(place: Platform, stages: list[str] | None) -> Plan:
    if unknown := [stage for stage in stages or () if stage not in STAGES]:
        stop(f"--stage {unknown[0]}: one of {', '.join(STAGES)}")
    chosen: tuple[Stage, ...] = tuple(stage for stage in STAGES if not stages or stage in stages)
    try:
        return plan(place, chosen)
    except PlatformError as error:
        stop(str(error), FOUND)


def _show(wanted: Plan) -> None:
    if out.is_terminal:
        err.print(Markdown(wanted.markdown()))
    else:
        say(wanted.markdown())


def _tell(outcome: Outcome) -> None:
    if outcome.failed is None:
        say(f"{outcome.plan.environment}: {', '.join(outcome.applied) or 'nothing'} applied and verified")
        raise typer.Exit(OK)
    say(outcome.error)
    for stage, revision in outcome.rolled_back:
        say(f"{stage}: back at revision {revision.number}" if revision else f"{stage}: stopped, there was none before")
    name = outcome.plan.environment
    if outcome.not_rolled_back:
        say(f"rolling back: {outcome.not_rolled_back}")
        stop(
            f"{name}: {outcome.failed} failed, and so did rolling it back: {name} is neither at its old state nor at "
            f"the new one. See `logops status {name}`, mend the cause, and run `logops up {name}` again.",
            FOUND,
        )
    stop(f"{name}: {outcome.failed} failed; what this run applied was rolled back", FOUND)
