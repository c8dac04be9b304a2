"""`logops rules ...`: check recording and alerting rules before they are rolled out."""

from typing import Annotated

import typer

from logops.cli.interrupt import ends_at_once
from logops.cli.options import JsonOption

app = typer.Typer(no_args_is_help=True, epilog="Example: logops rules check")


@app.command("check", epilog="Example: logops rules check")
def check_command(as_json: JsonOption = False) -> None:
    """Check that the rules of include/logql/rules/ (Loki) and include/prometheus/rules/ (Prometheus) can be rolled out.

    Runs `lokitool rules check` and `promtool check rules` as well.

    Exit 1: there is something to fix, or lokitool or promtool is missing. Exit 2: a file is not usable.
    """
    with ends_at_once():
        from logops.cli import rules

    rules.check_command(as_json)


@app.command("test", epilog="Example: logops rules test sign-in")
def run_command(
    name: Annotated[
        str,
        typer.Argument(help="Name of a file of rules, such as sign-in (Loki) or logops (Prometheus). Default: all."),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Run the tests of the alerts: those of Loki on a temporary Loki, those of Prometheus with promtool.

    Exit 1: an alert did not fire as expected, or Loki refused its query. Exit 2: a file is not usable, or Loki or
    promtool is missing.
    """
    with ends_at_once():
        from logops.cli import rules

    rules.run_command(name, as_json)
