"""`logops doctor`: check configuration files that you already have."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from logops.cli.interrupt import ends_at_once
from logops.cli.options import Format, FormatOption, JsonOption

if TYPE_CHECKING:
    from logops.doctor.charts import Chart
    from logops.environment.units import Duration

app = typer.Typer()


def _parse_promise(text: str) -> "Duration":
    from logops.environment.units import Duration

    try:
        return Duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _parse_chart(text: str) -> "Chart":
    from logops.doctor.charts import Chart

    try:
        return Chart(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is not one of {', '.join(Chart)}.") from None


@app.command(epilog="Example: logops doctor values.yaml promtail.yaml --keep 90d --hot 30d")
def doctor(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Files that belong together: Loki configurations, Helm values, ConfigMaps, configurations of agents, "
            "lifecycle policies (JSON, ARM or Terraform). Of a directory, all such files. `-`: standard input.",
        ),
    ],
    keep: Annotated[
        Any,
        typer.Option(
            parser=_parse_promise, metavar="DURATION", help="Promised retention of the logs, for example 90d."
        ),
    ] = None,
    hot: Annotated[
        Any,
        typer.Option(
            parser=_parse_promise,
            metavar="DURATION",
            help="Promised time in the Hot tier, for example 30d. Requires --keep.",
        ),
    ] = None,
    chart: Annotated[
        Any,
        typer.Option(
            parser=_parse_chart,
            metavar="CHART",
            help="The chart that Helm values are for: loki (grafana-community), loki-6 or loki-5 (grafana/loki), "
            "loki-distributed, loki-simple-scalable, loki-stack. Default: the chart that their keys show.",
        ),
    ] = None,
    loki: Annotated[
        int,
        typer.Option(min=3, max=4, metavar="MAJOR", help="Also report what breaks with this version of Loki: 4."),
    ] = 3,
    migrated: Annotated[
        bool, typer.Option("--migrate", help="Print FILE migrated to Loki 3.7, with a list of the changes on top.")
    ] = False,
    form: FormatOption = Format.FULL,
    as_json: JsonOption = False,
) -> None:
    """Report mistakes in configuration files. Changes no file.

    Each mistake has its position, class, message and remedy. `[*]` marks what --migrate fixes.

    Exit status 1: errors were found. 2: a file cannot be read or its kind is unknown.
    """
    with ends_at_once():
        from logops.cli import doctor

    doctor.doctor(files, keep, hot, chart, loki, migrated, form, as_json)
