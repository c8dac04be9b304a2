"""`logops audit ...`: the storage audits at the terminal. The DAGs compaction_audit and retention_audit do the same."""

import getpass
from collections.abc import Sequence
from datetime import UTC, datetime
from shlex import quote
from typing import TYPE_CHECKING

import typer

from logops.audit.request import AuditRequest, Check
from logops.cli.as_of import moment
from logops.cli.output.console import BAD_INPUT, FOUND, OK, err, print_json, print_text, stop, width
from logops.cli.output.findings import listing
from logops.cli.targets import environment, readable, results_store
from logops.environment import Environment
from logops.environment.units import Duration
from logops.findings.store import ResultsError
from logops.number_text import count_text, size_text
from logops.toolchain import project_root
from logops.wrapping import wrapped

if TYPE_CHECKING:
    from logops.audit.report.explain import TableExplanation
    from logops.usage.usage import Held


def run(
    check: str,
    name: str,
    tables: list[str] | None,
    as_of: str | None,
    slack: str | None,
    record: bool,
    every: bool,
    as_json: bool,
) -> None:
    """Run `logops audit compaction`, `retention` or `tiering`.

    check   the name of the command
    """
    from logops.audit.report.explain import NoSuchTableError, tables_of
    from logops.audit.run import run_audit
    from logops.cli.output.audit_tables import tenant_columns
    from logops.cli.output.table import show_table
    from logops.clients.blob_storage import ObjectStoreError
    from logops.platforms.platform import PlatformError

    target = readable(name)
    now = datetime.now(UTC).replace(microsecond=0)
    try:
        patience = None if slack is None else Duration(slack)
    except ValueError as error:
        stop(f"--slack: {error}", BAD_INPUT)
    as_of_moment = moment(as_of, now)
    try:
        chosen = [name for table in tables or () for name in tables_of(table, target.environment, as_of_moment)]
    except NoSuchTableError as error:
        stop(f"--table: {error}", BAD_INPUT)
    request = AuditRequest(
        checks=(Check[check.upper()],),
        run_id=f"terminal-{getpass.getuser()}-{now:%Y%m%dT%H%M%SZ}",
        as_of=as_of_moment,
        tables=tuple(chosen),
        slack=patience,
    )
    if record and request.is_drill(now):
        record = False
        err.print("Not recorded: it asks for something else than the nightly run.", highlight=False)
    store = results_store(target.environment) if record else None
    try:
        with err.status("") as status:
            result = run_audit(target, request, store, lambda line: status.update(line))
    except (ObjectStoreError, PlatformError, ResultsError) as error:
        stop(str(error), BAD_INPUT)
    if as_json:
        print_json(result.to_dict())
    else:
        if result.findings:
            print_text(listing(result.findings, every=every))
        show_table(tenant_columns(result))
        for line in [*result.other_objects(), result.headline]:
            print_text(line)
    raise typer.Exit(FOUND if result.failed else OK)


def explain(name: str, table: str, tenant: str, as_of: str | None, every: bool, as_json: bool) -> None:
    """Run `logops audit explain`."""
    from logops.audit.report.explain import NoSuchTableError, explain, tables_of
    from logops.cli.output.audit_tables import explanation_text
    from logops.clients.blob_storage import ObjectStoreError
    from logops.platforms.platform import PlatformError

    target = readable(name)
    now = datetime.now(UTC).replace(microsecond=0)
    try:
        as_of_moment = moment(as_of, now)
        tables = tables_of(table, target.environment, as_of_moment) if table else ()
        request = AuditRequest(tuple(Check), "explain", as_of_moment, tables)
        with err.status("") as status:
            explanations = explain(target, request, tenant, status.update)
    except (NoSuchTableError, ObjectStoreError, PlatformError) as error:
        stop(str(error), BAD_INPUT)
    if as_json:
        print_json([explanation.to_dict() for explanation in explanations])
    elif not table:
        _show_overview(name, explanations, request.as_of, every)
    else:
        for explanation in explanations:
            print_text(explanation_text(explanation, width()))
    raise typer.Exit(FOUND if any(explanation.blockers for explanation in explanations) else OK)


def _show_overview(name: str, explanations: "Sequence[TableExplanation]", as_of: datetime, every: bool) -> None:
    """Print the tables, then what blocks them, then the commands that show more."""
    from logops.audit.report.explain import blockers_of
    from logops.audit.report.phase_groups import phase_groups, table_count
    from logops.cli.output.audit_tables import group_columns, row_columns
    from logops.cli.output.table import show_table

    rows = [explanation.row for explanation in explanations]
    show_table(row_columns(rows, as_of) if every else group_columns(phase_groups(rows), as_of))
    print_text("")
    if blockers := blockers_of(explanations):
        print_text(listing(blockers, every=every))
    command = f"logops audit explain {quote(name)}"
    newest = max(rows, key=lambda row: row.day)
    print_text(f"{name}: {count_text(table_count(rows), 'table')}, {size_text(sum(row.bytes for row in rows))}")
    if not every:
        print_text(f"  each table:  {command} --all")
    print_text(f"  one table:   {command} {quote(newest.table)}")


def usage(name: str, by: str, as_json: bool) -> None:
    """Run `logops audit usage`."""
    from logops.cli.output.table import show_table
    from logops.cli.output.usage_tables import usage_columns, usage_json
    from logops.usage.usage import by_table, by_tenant, by_tier

    held = _held(environment(name))
    rows = {"tenant": by_tenant, "table": by_table, "tier": by_tier}[by](held)
    if as_json:
        print_json({"environment": name, "as_of": held.as_of, "older": held.older, "by": by, "usage": usage_json(rows)})
    else:
        show_table(usage_columns(rows, by))
        print_text(wrapped(held.note, width()))


def cost(name: str, as_json: bool) -> None:
    """Run `logops audit cost`."""
    from logops.audit.policy.retention import tiering
    from logops.cli.output.table import show_table
    from logops.cli.output.usage_tables import cost_columns, cost_json
    from logops.usage.prices import PricesError, load_prices
    from logops.usage.usage import costs

    loaded = environment(name)
    if loaded.prices is None:
        stop(f"Environment {loaded.name} names no prices. Add `prices: NAME`, of a file in include/prices.")
    held = _held(loaded)
    try:
        prices = load_prices(project_root(), loaded.prices)
        redundancy = {
            cluster: loaded.storage_accounts[declared_cluster.storage_account].redundancy
            for cluster, declared_cluster in loaded.clusters.items()
        }
        declared = {cluster: tiering(declared_cluster) for cluster, declared_cluster in loaded.clusters.items()}
        rows = costs(held, declared, redundancy, prices)
    except PricesError as error:
        stop(str(error))
    note = prices.age_note(held.as_of.date())
    if as_json:
        print_json(
            {"environment": name, "as_of": held.as_of, "older": held.older, "prices": note, "cost": cost_json(rows)}
        )
    else:
        show_table(cost_columns(rows, prices.currency))
        print_text(wrapped(f"{held.note} {note}", width()))


def _held(loaded: Environment) -> "Held":
    from logops.usage.usage import last_held

    try:
        held = last_held(results_store(loaded), loaded.name, [*loaded.clusters])
    except ResultsError as error:
        stop(str(error))
    if held is None:
        stop(f"No audit has counted the chunks of {loaded.name} yet: run `logops audit retention {loaded.name}`.")
    return held
