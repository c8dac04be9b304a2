"""`logops quickstart up`, `down`, `drill`: what `make up`, `make down` and `make drill` run."""

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


@app.command(epilog="Example: logops quickstart drill local lost-chunk")
def drill(
    name: EnvironmentArgument = "local",
    scenario: Annotated[
        str | None,
        typer.Argument(metavar="SCENARIO", help="lost-chunk, changed-limit or silent-source. Default: a menu."),
    ] = None,
) -> None:
    """Break something on purpose: see the finding, the alert and the page. Then it is repaired, and all is gone.

    Needs what `make up` started. Exit 0: found, alerted, repaired and resolved. Exit 1: something of that did not
    happen. Exit 2: the drill cannot start; nothing was broken.
    """
    with ends_at_once():
        from logops.cli import quickstart

    quickstart.drill(name, scenario)
