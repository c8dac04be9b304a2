"""`logops quickstart up`, `down`: what `make up` and `make down` run."""

from typing import Annotated

import typer

from logops.cli.interrupt import ends_at_once
from logops.cli.options import EnvironmentArgument

app = typer.Typer(no_args_is_help=True, epilog="Example: logops quickstart up --days 30")


@app.command(epilog="Example: logops quickstart up --airflow-port 8081")
def up(
    name: EnvironmentArgument = "local",
    history: Annotated[bool, typer.Option(help="Fill in sample logs of past days.")] = True,
    days: Annotated[int, typer.Option(min=2, max=125, help="Number of past days.")] = 120,
    airflow_port: Annotated[
        int | None, typer.Option(min=1024, max=65000, help="Port of Airflow. Default: 8080.")
    ] = None,
) -> None:
    """Start everything: programs, Airflow, a first rollout, sample logs. Does only what is not done yet."""
    with ends_at_once():
        from logops.cli import quickstart

    quickstart.up(name, history, days, airflow_port)


@app.command(epilog="Example: logops quickstart down")
def down(name: EnvironmentArgument = "local") -> None:
    """Stop the sample logs, Airflow and the environment's processes. Stored logs stay."""
    with ends_at_once():
        from logops.cli import quickstart

    quickstart.down(name)
