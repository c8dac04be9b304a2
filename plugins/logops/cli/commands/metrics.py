"""`logops metrics`: findings and the age of every check, for Prometheus."""

from typing import Annotated

import typer

from logops.cli.interrupt import ends_at_once
from logops.cli.options import EnvironmentArgument

app = typer.Typer()


@app.command(epilog="Example: logops metrics local --serve 9100")
def metrics(
    name: EnvironmentArgument = "local",
    security: Annotated[
        bool, typer.Option("--security", help="Show the metrics about security clusters instead.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(
            "--serve",
            metavar="PORT",
            min=1,
            max=65535,
            help="Serve them to Prometheus: /metrics, and /metrics/security for those who may see security clusters.",
        ),
    ] = None,
    listen: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address on which to serve them. In a container: 0.0.0.0.")
    ] = "127.0.0.1",
) -> None:
    """Show open findings, the age of every check and the last delivery of alerts as metrics for Prometheus.

    They come from the results store: Airflow need not run. Exit 1: the results store cannot be read.
    """
    with ends_at_once():
        from logops.cli import metrics

    if port is None:
        metrics.show(name, security)
    else:
        metrics.serve_forever(name, listen, port)
