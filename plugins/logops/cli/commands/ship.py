"""`logops ship`: send the lines of a file or of a pipe to Loki or to an agent."""

from pathlib import Path
from typing import Annotated

import typer

from logops.cli.interrupt import ends_at_once
from logops.cli.options import EnvironmentArgument, JsonOption
from logops.shipping import Wire

app = typer.Typer()


@app.command(epilog="Example: logops ship local app.log --tenant application --label service=shop")
def ship(
    environment_name: EnvironmentArgument = "",
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="File with lines, or - for the standard input.")] = "",
    url: Annotated[
        str,
        typer.Option(help="Address of a Loki or an agent, instead of ENV. Then FILE is the only argument."),
    ] = "",
    wire: Annotated[Wire, typer.Option(help="Protocol: Loki's push API, or OTLP over HTTP.")] = Wire.PUSH,
    cluster: Annotated[str, typer.Option(help="Cluster of the environment. Default: its first one.")] = "",
    tenant: Annotated[
        str, typer.Option(help="Tenant. Default: none with --url, the tenant of a cluster that has only one.")
    ] = "",
    label: Annotated[
        list[str] | None, typer.Option(help="Label as NAME=VALUE. May be repeated. Default: job=logops-ship.")
    ] = None,
    username: Annotated[str, typer.Option(help="User name. The password comes from LOGOPS_SHIP_PASSWORD.")] = "",
    ca_file: Annotated[str, typer.Option(help="File with the certificates that sign the target's, in PEM.")] = "",
    buffer_dir: Annotated[
        Path | None,
        typer.Option(help="Directory of a write-ahead log. Lines in it survive a crash; the next run sends them."),
    ] = None,
    retry_for: Annotated[
        str, typer.Option(help="Longest time without an answer, for example 30s. Then the command fails.")
    ] = "5m",
    as_json: JsonOption = False,
) -> None:
    """Send the lines of a file or of a pipe, and wait until the target has acknowledged each of them.

    The time of a line is the time of its reading. A token comes from the variable LOGOPS_SHIP_TOKEN. Exit 1: lines
    were refused, or the target did not answer. Exit 2: the command or the file is not usable.
    """
    with ends_at_once():
        from logops.cli import ship

    ship.ship(
        environment_name, file, url, wire, cluster, tenant, label, username, ca_file, buffer_dir, retry_for, as_json
    )
