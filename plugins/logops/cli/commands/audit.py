"""`logops audit ...`: the storage audits at the terminal. The DAGs compaction_audit and retention_audit do the same."""

from enum import StrEnum
from typing import Annotated

import typer

from logops.cli import complete
from logops.cli.interrupt import ends_at_once
from logops.cli.options import AllFindingsOption, AsOfOption, EnvironmentArgument, JsonOption, RecordOption

app = typer.Typer(no_args_is_help=True, epilog="Example: logops audit retention local")
TableOption = Annotated[
    list[str] | None,
    typer.Option(
        "--table",
        autocompletion=complete.tables,
        metavar="TABLE",
        help="Audit only this table, by name or day: loki_index_20780 or 2026-11-23. May be repeated.",
    ),
]
SlackOption = Annotated[
    str | None,
    typer.Option(
        "--slack",
        metavar="DURATION",
        help="Grace period before something counts as late, for example 0s, 10m, 6h. Default: the environment's.",
    ),
]


@app.command(epilog="Example: logops audit compaction local --json")
def compaction(
    name: EnvironmentArgument = "local",
    table: TableOption = None,
    as_of: AsOfOption = None,
    slack: SlackOption = None,
    record: RecordOption = True,
    every: AllFindingsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Check that every table is compacted, readable and covered by the schema, and that ingesters and compactor work.

    Exit 1: an error was found, or something could not be checked.
    """
    with ends_at_once():
        from logops.cli import audit

    audit.run("compaction", name, table, as_of, slack, record, every, as_json)


@app.command(epilog="Example: logops audit retention local --table loki_index_20780")
def retention(
    name: EnvironmentArgument = "local",
    table: TableOption = None,
    as_of: AsOfOption = None,
    slack: SlackOption = None,
    record: RecordOption = True,
    every: AllFindingsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Check that all promised logs are stored and indexed, and deleted after their retention.

    Exit 1: an error was found, or something could not be checked.
    """
    with ends_at_once():
        from logops.cli import audit

    audit.run("retention", name, table, as_of, slack, record, every, as_json)


@app.command(epilog="Example: logops audit tiering local --as-of 2027-01-31")
def tiering(
    name: EnvironmentArgument = "local",
    table: TableOption = None,
    as_of: AsOfOption = None,
    slack: SlackOption = None,
    record: RecordOption = True,
    every: AllFindingsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Check that every chunk is in the tier declared for its age, and that the index is Hot.

    Exit 1: an error was found, or something could not be checked.
    """
    with ends_at_once():
        from logops.cli import audit

    audit.run("tiering", name, table, as_of, slack, record, every, as_json)


@app.command(epilog="Example: logops audit content local --table 2026-11-23 --tenant application")
def content(
    name: EnvironmentArgument = "local",
    table: Annotated[
        list[str] | None,
        typer.Option(
            "--table",
            autocompletion=complete.tables,
            metavar="TABLE",
            help="Read all chunks of this table, by name or day: loki_index_20780 or 2026-11-23. May be repeated.",
        ),
    ] = None,
    tenant: Annotated[
        str,
        typer.Option("--tenant", autocompletion=complete.tenants, help="Read all chunks of this tenant."),
    ] = "",
    budget: Annotated[
        str | None,
        typer.Option(
            "--budget",
            metavar="SIZE",
            help="Maximum of bytes to read, for example 20GiB. Default: the environment's; none for a full audit.",
        ),
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would be read, and its price.")] = False,
    as_of: AsOfOption = None,
    record: RecordOption = True,
    every: AllFindingsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Read chunks and verify them: every checksum, and the lines that the index lists.

    With --table or --tenant, a full audit: all their chunks. Else the next part, so that every chunk is read in time
    (`audit.content.cover_within` of the environment).

    Exit 1: a chunk is damaged, or something could not be checked.
    """
    with ends_at_once():
        from logops.cli import audit_content

    audit_content.run(name, table, tenant, budget, plan, as_of, record, every, as_json)


@app.command(epilog="Example: logops audit explain local loki_index_20780 application")
def explain(
    name: EnvironmentArgument,
    table: Annotated[
        str,
        typer.Argument(
            metavar="TABLE",
            autocompletion=complete.tables,
            help="Name or day of a table: loki_index_20780 or 2026-11-23. Default: all tables, by tenant and phase.",
        ),
    ] = "",
    tenant: Annotated[
        str,
        typer.Argument(
            metavar="TENANT", autocompletion=complete.tenants, help="Default: every tenant with chunks in the table."
        ),
    ] = "",
    as_of: AsOfOption = None,
    every: Annotated[
        bool, typer.Option("--all", help="Without TABLE: one line for each table and tenant, and each finding.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show a table's phase, next step and blockers. Without TABLE: one line for each tenant and phase.

    Exit 1: something blocks a table.
    """
    with ends_at_once():
        from logops.cli import audit

    audit.explain(name, table, tenant, as_of, every, as_json)


class By(StrEnum):
    """How usage is grouped."""

    TENANT = "tenant"
    TABLE = "table"
    TIER = "tier"


@app.command(epilog="Example: logops audit usage local --by tier")
def usage(
    name: EnvironmentArgument = "local",
    by: Annotated[By, typer.Option("--by", help="Group by tenant, table or tier.")] = By.TENANT,
    as_json: JsonOption = False,
) -> None:
    """Show who stores how much in which tier, how it grows, and a forecast for 30, 90 and 365 days.

    Uses the numbers of the last retention audit.
    """
    with ends_at_once():
        from logops.cli import audit

    audit.usage(name, by.value, as_json)


@app.command(epilog="Example: logops audit cost local")
def cost(name: EnvironmentArgument = "local", as_json: JsonOption = False) -> None:
    """Show the monthly cost of the stored chunks: now, and if all were in their declared tiers and retention.

    Includes storage and the one-time moves, not the reads of queries. Uses the numbers of the last retention audit.
    """
    with ends_at_once():
        from logops.cli import audit

    audit.cost(name, as_json)
