"""`logops lifecycle ...`: the rules that move blobs between tiers."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from logops.cli.as_of import moment
from logops.cli.output.columns import Column
from logops.cli.output.console import BAD_INPUT, FOUND, OK, err, print_json, print_text, stop
from logops.cli.output.table import show_table
from logops.cli.targets import environment, platform, readable
from logops.clients.blob_storage import ObjectStoreError
from logops.lifecycle.policy import Policy, PolicyError, differences, read_policy
from logops.number_text import size_text
from logops.platforms.platform import PlatformError
from logops.render.storage import lifecycle_policy

if TYPE_CHECKING:
    from logops.lifecycle.run import Done


def show(name: str, as_json: bool) -> None:
    """Run `logops lifecycle show`."""
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
        show_table(_rules(declared))
        for account in declared:
            lines = differences_by_account.get(account) or [
                unread.get(account) or "the live policy is the declared one"
            ]
            for line in lines:
                print_text(f"{account}: {line}")
    raise typer.Exit(FOUND if unread or any(differences_by_account.values()) else OK)


def run(name: str, as_of: str | None, dry_run: bool, as_json: bool) -> None:
    """Run `logops lifecycle run`."""
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
        show_table(_done(done))
    else:
        print_text("No blob is old enough for any rule.")


def _rules(policies: dict[str, Policy]) -> list[Column]:
    rules = [(account, rule) for account, policy in policies.items() for rule in policy.rules]
    steps = [
        ", ".join(f"{action.azure} after {rule.actions[action]}" for action in sorted(rule.actions))
        for _, rule in rules
    ]
    return [
        Column("account", [account for account, _ in rules]),
        Column("rule", [rule.name for _, rule in rules]),
        Column("does", steps, 2, wraps=True),
        Column("blobs", [" ".join(rule.prefixes) for _, rule in rules], 1),
    ]


def _done(done: "Sequence[Done]") -> list[Column]:
    return [
        Column("account", [result.account for result in done]),
        Column("container", [result.container for result in done]),
        Column("action", [result.action.azure for result in done]),
        Column("blobs", [f"{result.blobs:,}" for result in done], 2, right=True),
        Column("size", [size_text(result.bytes) for result in done], 1, right=True),
    ]
