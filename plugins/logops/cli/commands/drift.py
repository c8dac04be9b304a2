"""`logops drift`: the live system against what its environment file renders."""

from typing import Annotated

import typer

from logops.cli.interrupt import ends_at_once
from logops.cli.options import EnvironmentArgument, JsonOption, RecordOption

app = typer.Typer()


@app.command(epilog="Example: logops drift local --stage tenants")
def drift(
    name: EnvironmentArgument = "local",
    stage: Annotated[
        list[str] | None,
        typer.Option("--stage", help="Only this stage. May be repeated. Default: all. Not recorded then."),
    ] = None,
    record: RecordOption = True,
    as_json: JsonOption = False,
) -> None:
    """Show what was changed by hand, or was not rolled out: files, processes, limits, rules, containers, agents.

    Changes nothing. The DAG drift_watch does the same every hour.

    Exit 1: something differs that nobody accepted, or could not be compared.
    """
    with ends_at_once():
        from logops.cli import drift

    drift.run(name, stage, record, as_json)
