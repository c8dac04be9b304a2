"""`logops plan`, `up`, `unlock`: roll an environment out from a terminal. The `rollout` DAG does the same."""

import os
import pwd
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markdown import Markdown

from logops.cli.console import BAD_INPUT, FOUND, OK, JsonOption, err, out, print_json, say, stop
from logops.cli.targets import EnvironmentArgument, platform
from logops.findings import Finding, Subject
from logops.findings.classes.rollout import ROLLOUT_FAILED
from logops.findings.store import ResultsStore, StoreUnreachableError
from logops.platforms import results_url
from logops.platforms.platform import DeployablePlatform, LeaseHeldError, PlatformError
from logops.render import STAGES, Stage
from logops.rollout import (
    Approval,
    Outcome,
    Plan,
    RolloutRecord,
    RolloutRefusedError,
    plan,
    refuse_unattended,
    run_rollout,
    terminal_approver,
    unattended,
    write_record,
)
from logops.rollout.approval import TERMINAL, check_approver
from logops.toolchain import project_root

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

    Exit 1: a stage failed and was rolled back, or the plan was declined. Exit 2: you may not approve the plan.
    """
    target = platform(name)
    planned = _plan(target, stage)
    _show(planned)
    if not planned.changed:
        raise typer.Exit(OK)
    approval = _approval(target, planned, ask=not yes)
    started = datetime.now(UTC)
    owner = f"terminal-{_system_user()}-{started:%Y%m%dT%H%M%SZ}"
    try:
        outcome = run_rollout(target, planned, approval, owner, say)
    except (LeaseHeldError, RolloutRefusedError) as error:
        stop(str(error), FOUND)
    _record(target, outcome, approval, owner, started)
    _report(outcome)


@app.command(epilog="Example: logops unlock local --owner manual__2026-11-23T06:30:00+00:00")
def unlock(
    name: EnvironmentArgument = "local",
    owner: Annotated[
        str, typer.Option(help="Run that holds the lease. The message that refused your rollout names it.")
    ] = "",
) -> None:
    """Release the lease of a dead rollout. A rollout that is still running then refuses to continue."""
    platform(name).release_lease(owner)


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


def _record(target: DeployablePlatform, outcome: Outcome, approval: Approval, owner: str, as_of: datetime) -> None:
    """Keep the rollout in the results store, as the DAG does."""
    name = outcome.plan.environment
    findings = []
    if outcome.failed:
        message = f"{name}: the rollout failed at {outcome.failed}. {outcome.error}"
        evidence = {"stages_rolled_back": len(outcome.rolled_back)}
        findings.append(Finding(ROLLOUT_FAILED, Subject(environment=name), message, as_of, evidence))
    record = RolloutRecord(
        environment=name,
        run=owner,
        as_of=as_of,
        plan=outcome.plan.digest,
        approval=approval,
        outcome="failed" if outcome.failed else "rolled out",
        applied=outcome.applied,
        rolled_back=tuple(stage for stage, _ in outcome.rolled_back),
    )
    try:
        write_record(ResultsStore(results_url(target.environment, project_root())), record, findings)
    except StoreUnreachableError as error:
        say(f"The rollout was not recorded. {error}")


def _plan(target: DeployablePlatform, stages: list[str] | None) -> Plan:
    if unknown := [stage for stage in stages or () if stage not in STAGES]:
        stop(f"--stage {unknown[0]}: one of {', '.join(STAGES)}")
    chosen: tuple[Stage, ...] = tuple(stage for stage in STAGES if not stages or stage in stages)
    try:
        return plan(target, chosen)
    except PlatformError as error:
        stop(str(error), FOUND)


def _show(planned: Plan) -> None:
    if out.is_terminal:
        err.print(Markdown(planned.markdown()))
    else:
        say(planned.markdown())


def _report(outcome: Outcome) -> None:
    if outcome.failed is None:
        say(f"{outcome.plan.environment}: {', '.join(outcome.applied) or 'nothing'} applied and verified")
        raise typer.Exit(OK)
    say(outcome.error)
    for stage, revision in outcome.rolled_back:
        say(f"{stage}: back at revision {revision.number}" if revision else f"{stage}: stopped, there was none before")
    name = outcome.plan.environment
    if outcome.rollback_error:
        say(f"rolling back: {outcome.rollback_error}")
        stop(
            f"{name}: {outcome.failed} failed, and so did rolling it back: {name} is neither at its old state nor at "
            f"the new one. See `logops status {name}`, fix the cause, and run `logops up {name}` again.",
            FOUND,
        )
    stop(f"{name}: {outcome.failed} failed; what this run applied was rolled back", FOUND)
