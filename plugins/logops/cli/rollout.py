"""`logops plan`, `up`, `unlock`: roll an environment out from a terminal. The `rollout` DAG does the same."""

import os
import pwd
from datetime import UTC, datetime

import typer

from logops.cli.output.console import BAD_INPUT, FOUND, OK, err, out, print_json, say, stop
from logops.cli.output.plan_text import show_plan
from logops.cli.targets import platform, results_store
from logops.environment import Environment
from logops.errors import LogopsError
from logops.findings.store import StoreUnreachableError
from logops.platforms.platform import DeployablePlatform
from logops.render import STAGES, Stage
from logops.rollout import (
    Approval,
    InvalidAcceptanceError,
    Plan,
    RolloutRecord,
    RolloutRefusedError,
    RolloutResult,
    nothing_to_change,
    plan,
    read_acceptances,
    recorded,
    refuse_plan,
    refuse_unattended,
    run_rollout,
    terminal_approver,
    unattended,
    write_plan,
    write_record,
)
from logops.rollout.approval import TERMINAL, check_approver
from logops.rollout.record import ROLL_BACK
from logops.rollout.text import counts
from logops.suggestions import did_you_mean


def show(
    name: str,
    stage: list[str] | None,
    accept: list[str] | None,
    diff: bool,
    exit_code: bool,
    as_markdown: bool,
    as_json: bool,
) -> None:
    """Run `logops plan`."""
    if as_json and as_markdown:
        stop("--json and --markdown: choose one.")
    planned = _plan(platform(name), stage, accept)
    if as_json:
        refused = planned.changed and bool(planned.unaccepted)
        totals = {"summary": counts(planned), "refused": refused}
        print_json({**planned.to_dict(), "digest": planned.digest, "changed": planned.changed, **totals})
    elif as_markdown:
        print(planned.markdown())
    else:
        show_plan(out, planned, whole=diff)
    _refuse(planned)
    raise typer.Exit(FOUND if planned.changed and (exit_code or not planned.passes_check) else OK)


def up(name: str, stage: list[str] | None, yes: bool, accept: list[str] | None, diff: bool) -> None:
    """Run `logops up`."""
    target = platform(name)
    planned = _plan(target, stage, accept)
    show_plan(err, planned, whole=diff)
    started = datetime.now(UTC)
    owner = f"terminal-{_system_user()}-{started:%Y%m%dT%H%M%SZ}"
    approval: Approval | None = None

    def record(result: RolloutResult) -> None:
        ended_at = datetime.now(UTC)
        _record(target.environment, planned, recorded(planned, result, owner, started, approval, ended_at))

    if not planned.changed:
        record(nothing_to_change(planned.environment))
        raise typer.Exit(OK)
    _refuse(planned)
    approval = _approval(target, planned, ask=not yes)
    try:
        result = run_rollout(target, planned, approval, owner, say, record)
    except LogopsError as error:
        stop(f"rolling out {planned.environment}: {error}", FOUND)
    _report(result)


def unlock(name: str, owner: str) -> None:
    """Run `logops unlock`."""
    try:
        released = platform(name).release_lease(owner)
    except LogopsError as error:
        stop(f"unlocking {name}: {error}", FOUND)
    if not released:
        stop(
            f"unlocking {name}: the run {owner!r} does not hold the lease, so nothing was changed. Copy --owner from "
            f"the message that refused your rollout; if `logops up {name}` is not refused, there is nothing to unlock.",
            FOUND,
        )
    say(f"{name}: the lease of {owner} is released. A rollout can start.")


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
    # Again, because the diff may have moved it off the screen.
    say(f"\n{counts(planned)}")
    if not typer.confirm("Roll this out?", default=False, err=True):
        stop("Nothing was changed.", FOUND)
    return Approval(planned.digest, approver, datetime.now(UTC), TERMINAL)


def _system_user() -> str:
    """Return the operating system's user. Not from the environment variables USER or LOGNAME: anybody can set those."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _record(environment: Environment, planned: Plan, record: RolloutRecord) -> None:
    """Keep the rollout and its plan in the results store, as the DAG does."""
    try:
        store = results_store(environment)
        write_plan(store, planned, record.run)
        write_record(store, record)
    except StoreUnreachableError as error:
        say(f"The rollout was not recorded. {error}")


def _plan(target: DeployablePlatform, stages: list[str] | None, accept: list[str] | None) -> Plan:
    if unknown := [stage for stage in stages or () if stage not in STAGES]:
        stop(f"--stage {unknown[0]}: one of {', '.join(STAGES)}.{did_you_mean(unknown[0], STAGES)}")
    chosen: tuple[Stage, ...] = tuple(stage for stage in STAGES if not stages or stage in stages)
    try:
        accepted = read_acceptances(accept or ())
        return plan(target, chosen, store=results_store(target.environment), accepted=accepted)
    except InvalidAcceptanceError as error:
        stop(f"--accept: {error}")
    except LogopsError as error:
        stop(f"planning a rollout of {target.environment.name}: {error}")


def _refuse(planned: Plan) -> None:
    """End the command if a critical finding refuses the plan."""
    try:
        refuse_plan(planned)
    except RolloutRefusedError as refused:
        stop(str(refused), FOUND)


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
