"""`logops lifecycle ...`: the rules that move blobs between tiers."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from logops.cli.as_of import AsOfOption, moment
from logops.cli.console import BAD_INPUT, FOUND, OK, JsonOption, err, out, print_json, stop
from logops.cli.targets import EnvironmentArgument, environment, platform, readable
from logops.clients.blob_storage import ObjectStoreError
from logops.lifecycle.policy import Policy, PolicyError, differences, read_policy
from logops.number_text import size_text
from logops.platforms.platform import PlatformError
from logops.render.storage import lifecycle_policy

if TYPE_CHECKING:
    from logops.lifecycle.run import Done

app = typer.Typer(no_args_is_help=True)


@app.command(epilog="Example: logops lifecycle show production")
def show(name: EnvironmentArgument = "local", as_json: JsonOption = False) -> None:
    """Show every account's declared rules, and how the live policy differs.

    Exit 1: a live policy differs, or could not be read.
    """
    loaded = environment(name)
    declared: dict[str, Policy] = {}
    differences_by_account: dict[str, list[str]] = {}
    unread: dict[str, str] = {}
    for account in loaded.storage_accounts:
        declared[account] = read_policy(lifecycle_policy(loaded, account))
        try:
            differences_by_account[account] = differences(
                declared[account], read_policy(readable(name).lifecycle_policy(account))
            )
        except (PlatformError, ObjectStoreError, PolicyError) as error:
            unread[account] = str(error)
    if as_json:
        accounts = {
            account: {
                "declared": lifecycle_policy(loaded, account),
                "differences": differences_by_account.get(account, []),
                "unread": unread.get(account, ""),
            }
            for account in declared
        }
        print_json({"environment": loaded.name, "accounts": accounts})
    else:
        out.print(_rules(declared))
        for account in declared:
            lines = differences_by_account.get(account) or [
                unread.get(account) or "the live policy is the declared one"
            ]
            for line in lines:
                out.print(f"{account}: {line}", highlight=False, markup=False)
    raise typer.Exit(FOUND if unread or any(differences_by_account.values()) else OK)


@app.command(epilog="Example: logops lifecycle run local --as-of 2027-02-01 --dry-run")
def run(
    name: EnvironmentArgument = "local",
    as_of: AsOfOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the changes without making them.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Apply the lifecycle policies of a local environment, as Azure would at that moment.

    Azurite has no lifecycle management; on Azure, the service applies its rules itself.
    """
    # Reads blobs with packages that take a second to import, and that `show` does not need.
    from logops.lifecycle.accounts import run_policies

    target = platform(name)
    until = moment(as_of, datetime.now(UTC))
    try:
        with err.status("") as status:
            done = run_policies(target, until, status.update, dry=dry_run)
    except (PlatformError, ObjectStoreError, PolicyError) as error:
        stop(str(error), BAD_INPUT)
    if as_json:
        print_json([result.to_dict() for result in done])
    elif done:
        out.print(_done(done))
    else:
        out.print("No blob is old enough for any rule.")


def _rules(policies: dict[str, Policy]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("account", "rule", "blobs", "does"):
        table.add_column(column, overflow="fold")
    for account, policy in policies.items():
        for rule in policy.rules:
            steps = ", ".join(f"{action.azure} after {rule.actions[action]}" for action in sorted(rule.actions))
            table.add_row(account, rule.name, " ".join(rule.prefixes), steps)
    return table


def _done(done: "Sequence[Done]") -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("account", "container", "action"):
        table.add_column(column)
    for column in ("blobs", "bytes"):
        table.add_column(column, justify="right")
    for result in done:
        table.add_row(
            result.account, result.container, result.action.azure, f"{result.blobs:,}", size_text(result.bytes)
        )
    return table
