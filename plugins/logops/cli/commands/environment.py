"""`logops check`, `schema`, `render`: work with an environment file before it is deployed."""

from pathlib import Path
from typing import Annotated

import typer

from logops.cli.interrupt import ends_at_once
from logops.cli.options import EnvironmentArgument, Format, FormatOption, JsonOption

app = typer.Typer()


@app.command(epilog="Example: logops check production")
def check(
    name: EnvironmentArgument = "local",
    form: FormatOption = Format.FULL,
    as_json: JsonOption = False,
) -> None:
    """Report mistakes in an environment before it is deployed.

    Exit status 1: errors were found. 2: the file is not valid.
    """
    with ends_at_once():
        from logops.cli import environment

    environment.check(name, form, as_json)


@app.command(epilog="Example: logops schema > include/environments/schema.json")
def schema() -> None:
    """Print the JSON Schema of environment files. Editors use it for completion and checks."""
    with ends_at_once():
        from logops.cli import environment

    environment.schema()


@app.command(epilog="Example: logops render local --to /tmp/rendered")
def render(
    name: EnvironmentArgument = "local",
    to: Annotated[Path | None, typer.Option(help="Write the files to this folder instead of printing them.")] = None,
) -> None:
    """Show the files that an environment renders to: configuration of Loki, agents and supervisord, and rules.

    For Kubernetes: for each Helm release its chart and values, where its secrets come from, and the objects that no
    chart makes. The values contain the configuration of Loki and agents; it is written to files of its own as well.
    """
    with ends_at_once():
        from logops.cli import environment

    environment.render(name, to)


@app.command(epilog="Example: logops rights production | kubectl apply --server-side -f -")
def rights(
    name: EnvironmentArgument,
    account: Annotated[str, typer.Option(help="Service account that gets them.")] = "logops",
    account_namespace: Annotated[str, typer.Option(help="Namespace of that service account.")] = "airflow",
    check: Annotated[
        bool, typer.Option("--check", help="Only for the drift check and alerts: the account can change nothing.")
    ] = False,
) -> None:
    """Print the rights that a rollout needs on Kubernetes, as roles that an administrator applies once."""
    with ends_at_once():
        from logops.cli import environment

    environment.rights(name, account, account_namespace, check=check)
