"""`logops agents ...`: try the pipelines of log sources, and take them over from Promtail."""

from pathlib import Path
from typing import Annotated

import typer

from logops.cli import complete
from logops.cli.interrupt import ends_at_once
from logops.cli.options import EnvironmentArgument, JsonOption

app = typer.Typer(no_args_is_help=True, epilog="Example: logops agents test local access samples.log")


@app.callback()
def agents() -> None:
    """Try the pipelines of log sources, and take them over from Promtail."""


@app.command("test", epilog="Example: logops agents test local access samples.log")
def try_command(
    name: EnvironmentArgument,
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", autocompletion=complete.sources, help="Name of a source in ENV.")
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Sample lines of the source; - reads standard input.")],
    as_json: JsonOption = False,
) -> None:
    """Show what sample lines become: stream, structured metadata, timestamp, or the rule that drops them.

    Nothing is sent. Lines are processed as Promtail does. Other agents differ in a few points: docs/agents.md.

    Exit status 2: the environment, the source or the file cannot be used.
    """
    with ends_at_once():
        from logops.cli import agents

    agents.try_command(name, source, file, as_json)


@app.command("migrate", epilog="Example: logops agents migrate promtail.yaml --to migrated")
def migrate_command(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Promtail's configuration, values of its Helm chart, or a manifest (ConfigMap, Secret) with its "
            "configuration; - reads standard input.",
        ),
    ],
    cluster: Annotated[str, typer.Option(help="Cluster that stores the lines.")] = "main",
    tenant: Annotated[str, typer.Option(help="Tenant of lines for which FILE names none.")] = "application",
    to: Annotated[
        Path | None, typer.Option(help="Write sources.yaml and nodes.alloy to this folder instead of printing.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Translate a configuration of Promtail into sources and an agent of an environment, and into Alloy's file.

    Every key is carried over, or has the same default, or is named on stderr: left to you, not carried over, changed.
    Secrets are not copied.

    Exit status 1: something could not be carried over. 2: FILE cannot be used.
    """
    with ends_at_once():
        from logops.cli import agents_migrate
    agents_migrate.migrate_command(file, cluster, tenant, to, as_json)
