"""`logops plan`, `up`, `unlock`: roll an environment out from a terminal. The `rollout` DAG does the same."""

from typing import Annotated

import typer

from logops.cli.interrupt import ends_at_once
from logops.cli.options import EnvironmentArgument, JsonOption
from logops.stages import STAGES

app = typer.Typer()
StagesOption = Annotated[
    list[str] | None, typer.Option("--stage", help=f"Only this stage. May be repeated. One of: {', '.join(STAGES)}.")
]
AcceptOption = Annotated[
    list[str] | None,
    typer.Option(
        "--accept",
        metavar="CLASS=REASON",
        help="Accept the findings of this class, for a reason that is recorded with the rollout. May be repeated.",
    ),
]
DiffOption = Annotated[bool, typer.Option("--diff", help="Show every line of the diffs. Long ones are folded.")]


@app.command("plan", epilog="Example: logops plan local --stage loki")
def show(
    name: EnvironmentArgument = "local",
    stage: StagesOption = None,
    accept: AcceptOption = None,
    diff: DiffOption = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 1 if anything would change.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown, as Airflow shows it.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what a rollout would change: for the owners of logs, then for processes, then in the files. Changes nothing.

    Exit 1: the plan has errors or critical findings that are not accepted; with --exit-code also if anything changes.
    Exit 2: the plan could not be made.
    """
    with ends_at_once():
        from logops.cli import rollout

    rollout.show(name, stage, accept, diff, exit_code, as_markdown, as_json)


@app.command(epilog="Example: logops up local --yes")
def up(
    name: EnvironmentArgument = "local",
    stage: StagesOption = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask. Refused if the environment requires approval.")
    ] = False,
    accept: AcceptOption = None,
    diff: DiffOption = False,
) -> None:
    """Roll an environment out: plan, ask, apply and verify each stage. A stage that fails is rolled back.

    Ctrl-C rolls back as well, and exits with 130.

    Exit 1: a critical finding refuses the rollout, a stage failed and was rolled back, or the plan was declined.
    Exit 2: you may not approve the plan, or the input is not usable.
    """
    with ends_at_once():
        from logops.cli import rollout

    rollout.up(name, stage, yes, accept, diff)


@app.command(epilog="Example: logops unlock local --owner manual__2026-11-23T06:30:00+00:00")
def unlock(
    name: EnvironmentArgument = "local",
    owner: Annotated[
        str, typer.Option(help="Run that holds the lease. The message that refused your rollout names it.")
    ] = "",
) -> None:
    """Release the lease of a dead rollout. A rollout that is still running then refuses to continue."""
    with ends_at_once():
        from logops.cli import rollout

    rollout.unlock(name, owner)
