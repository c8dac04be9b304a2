"""`logops alerts ...`: what the Alertmanagers know, whom they tell, and silences."""

from typing import Annotated

import typer

from logops.cli.interrupt import ends_at_once
from logops.cli.options import EnvironmentArgument, JsonOption

app = typer.Typer(no_args_is_help=True, epilog="Example: logops alerts list local")

ClassArgument = Annotated[str, typer.Argument(metavar="CLASS", help="Finding class, such as chunk-missing.")]
SecurityOption = Annotated[
    bool, typer.Option("--security", help="Ask the Alertmanager of the security clusters instead.")
]
ClusterOption = Annotated[str | None, typer.Option(metavar="CLUSTER", help="Only this cluster.")]
SourceOption = Annotated[str | None, typer.Option(metavar="SOURCE", help="Only this log source.")]


@app.callback()
def alerts() -> None:
    """Show and send alerts, see whom they reach, and silence them."""


@app.command("list", epilog="Example: logops alerts list local --json")
def list_(name: EnvironmentArgument = "local", security: SecurityOption = False, as_json: JsonOption = False) -> None:
    """Show the active alerts: since when, what is wrong, who was told, what is silenced.

    Exit 1: an alert is active and not silenced.
    """
    with ends_at_once():
        from logops.cli import alerts

    alerts.list_(name, security, as_json)


@app.command(epilog="Example: logops alerts send local")
def send(
    name: EnvironmentArgument = "local",
    paused: Annotated[
        list[str] | None,
        typer.Option(metavar="CHECK", help="A check that does not run on purpose, so it is not overdue. Repeatable."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Send what the last runs of all checks found to the Alertmanagers. The DAG alert_delivery does the same.

    Exit 1: an Alertmanager did not accept the alerts, or a check is overdue.
    """
    with ends_at_once():
        from logops.cli import alerts

    alerts.send(name, paused or [], as_json)


@app.command("test", epilog="Example: logops alerts test local chunk-missing --cluster main")
def try_(
    name: EnvironmentArgument,
    cls: ClassArgument,
    cluster: ClusterOption = None,
    source: SourceOption = None,
    really: Annotated[
        bool, typer.Option("--send", help="Also send such an alert, marked as a test. It ends after 5 minutes.")
    ] = False,
) -> None:
    """Show whom an alert would reach, by the routes of the environment."""
    with ends_at_once():
        from logops.cli import alerts

    alerts.try_(name, cls, cluster, source, really)


@app.command(epilog="Example: logops alerts silence local chunk-missing --cluster main --for 8h --why 'restore runs'")
def silence(
    name: EnvironmentArgument,
    cls: Annotated[
        str | None, typer.Argument(metavar="CLASS", help="Finding class, such as chunk-missing.", show_default=False)
    ] = None,
    length: Annotated[
        str | None, typer.Option("--for", metavar="DURATION", help="For example 30m, 8h, 7d. At most 90d.")
    ] = None,
    why: Annotated[str | None, typer.Option(metavar="TEXT", help="The reason, for others.")] = None,
    end: Annotated[
        str | None,
        typer.Option("--end", metavar="ID", help="End this silence now. `logops alerts list` shows ids."),
    ] = None,
    cluster: ClusterOption = None,
    source: SourceOption = None,
    security: SecurityOption = False,
) -> None:
    """Tell nobody about alerts of a class for a time, or end such a silence. The alerts are still shown."""
    with ends_at_once():
        from logops.cli import alerts

    if end:
        alerts.end_silence(name, end, security)
    else:
        alerts.silence(name, cls, length, why, cluster, source, security)
