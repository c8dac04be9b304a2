"""`logops plan`, `up`, `unlock`: roll an environment out from a terminal. The `rollout` DAG does the same."""

import os
import pwd
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markdown import Markdown

from logops.cli.console import BAD_INPUT, FOUND, OK, JsonOption, err, out, print_json, say, stop
from logops.cli.targets import EnvironmentArgument, platform, results_store
from logops.environment import Environment
from logops.errors import LogopsError
from logops.findings.store import StoreUnreachableError
from logops.platforms.platform import DeployablePlatform
from logops.render import STAGES, Stage
from logops.rollout import (
    Approval,
    Plan,
    RolloutRecord,
    RolloutRefusedError,
    RolloutResult,
    nothing_to_change,
    plan,
    refuse_unattended,
    run_rollout,
    terminal_approver,
    unattended,
    write_record,
)
from logops.rollout.approval import TERMINAL, check_approver
from logops.rollout.record import ROLL_BACK

app = typer.Typer()
StagesOption = Annotated[
    list[str] | None, typer.Option("--stage", help=f"Only this stage. May be repeated. One of: {', '.join(STAGES)}.")
]


@app.command("plan", epilog="Example: logops plan local --stage loki")
def show_plan(name: EnvironmentArgument = "local", stage: StagesOption = None, as_json: JsonOption = False) -> None:
    """Show what a rollout would change. Changes nothing."""
    planned = _plan(platform(name), stage)
    if as_json:
        print_json({**planned.to_dict(), "digest": planned.digest, "changed": planned.changed})
    else:
        _show(planned)


@app.command(epilog="Example: logops up local --yes")
def up(
    name: EnvironmentArgument = "local",
    stage: StagesOption = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask. Refused if the environment requires approval.")
    ] = False,
) -> None:
    """Roll an environment out: plan, ask, apply and verify each stage. A stage that fails is rolled back.

    Ctrl-C rolls back as well, and exits with 130.

    Exit 1: a stage failed and was rolled back, or the plan was declined. Exit 2: you may not approve the plan.
    """
    target = platform(name)
    planned = _plan(target, stage)
    _show(planned)
    started = datetime.now(UTC)
    owner = f"terminal-{_system_user()}-{started:%Y%m%dT%H%M%SZ}"
    approval: Approval | None = None

    def record(result: RolloutResult) -> None:
        _record(target.environment, RolloutRecord(result, owner, started, planned.digest, approval))

    if not planned.changed:
        record(nothing_to_change(planned.environment))
        raise typer.Exit(OK)
    approval = _approval(target, planned, ask=not yes)
    try:
        result = run_rollout(target, planned, approval, owner, say, record)
    except LogopsError as error:
        stop(f"rolling out {planned.environment}: {error}", FOUND)
    _report(result)


@app.command(epilog="Example: logops unlock local --owner manual__2026-11-23T06:30:00+00:00")
def unlock(
    name: EnvironmentArgument = "local",
    owner: Annotated[
        str, typer.Option(help="Run that holds the lease. The message that refused your rollout names it.")
    ] = "",
) -> None:
    """Release the lease of a dead rollout. A rollout that is still running then refuses to continue."""
    try:
        platform(name).release_lease(owner)
    except LogopsError as error:
        stop(f"unlocking {name}: {error}", FOUND)


def _approval(target: DeployablePlatform, planned: Plan, *, ask: bool) -> Approval:
    """Return the approval of a plan, from the person at the terminal. Ends the command if the policy refuses it."""
    environment = target.environment
    try:
        if not ask:
            refuse_unattended(environment)
            return unattended(planned, datetime.now(UTC), TERMINAL)
        approver = terminal_approver(environment, _system_user())
        check_approver(environment, approver)
    except RolloutRefusedError as refused:
        stop(str(refused), BAD_INPUT)
    if not typer.confirm("Roll this out?", default=False, err=True):
        stop("Nothing was changed.", FOUND)
    return Approval(planned.digest, approver, datetime.now(UTC), TERMINAL)


def _system_user() -> str:
    """Return the operating system's user. Not from the environment variables USER or LOGNAME: anybody can set those."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _record(environment: Environment, record: RolloutRecord) -> None:
    """Keep the rollout in the results store, as the DAG does."""
    try:
        write_record(results_store(environment), record)
    except StoreUnreachableError as error:
        say(f"The rollout was not recorded. {error}")


def _plan(target: DeployablePlatform, stages: list[str] | None) -> Plan:
    if unknown := [stage for stage in stages or () if stage not in STAGES]:
        stop(f"--stage {unknown[0]}: one of {', '.join(STAGES)}")
    chosen: tuple[Stage, ...] = tuple(stage for stage in STAGES if not stages or stage in stages)
    try:
        return plan(target, chosen)
    except LogopsError as error:
        stop(f"planning a rollout of {target.environment.name}: {error}", FOUND)


def _show(planned: Plan) -> None:
    if out.is_terminal:
        err.print(Markdown(planned.markdown()))
    else:
        say(planned.markdown())


def _report(result: RolloutResult) -> None:
    if not result.failed:
        say(f"{result.environment}: {', '.join(result.applied) or 'nothing'} applied and verified")
        raise typer.Exit(OK)
    for step, message in result.failures.items():
        say(f"{step}: {message}")
    for line in result.rollback_lines():
        say(line)
    if ROLL_BACK in result.failures:
        name = result.environment
        stop(
            f"{result.headline}. {name} is neither at its old state nor at the new one. See `logops status {name}`, "
            f"fix the cause, and run `logops up {name}` again.",
            FOUND,
        )
    stop(result.headline, FOUND)
