"""`logops check`, `schema`, `render`: work with an environment file before it is deployed."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from logops.cli.console import OK, out, print_json, say, stop
from logops.cli.findings import exit_code, listing, summary
from logops.doctor import check as check_deployment
from logops.doctor.from_environment import from_environment
from logops.environment import Environment, EnvironmentFileError, environment_schema, find_environment, load_environment
from logops.toolchain import ProjectNotFoundError, project_root

app = typer.Typer()
EnvironmentArgument = Annotated[
    str, typer.Argument(metavar="ENV", help="Name of an environment in include/environments, or path of a file.")
]


def environment(name: str) -> Environment:
    """Load an environment by name or path. End the command with a list of all problems if it is not valid."""
    try:
        return load_environment(find_environment(name, project_root()))
    except (EnvironmentFileError, ProjectNotFoundError) as error:
        stop(str(error))


def every_environment() -> list[Environment]:
    """Load all files in `include/environments`. End the command with a list of all problems if one is not valid."""
    try:
        return [load_environment(file) for file in sorted((project_root() / "include/environments").glob("*.yaml"))]
    except (EnvironmentFileError, ProjectNotFoundError) as error:
        stop(str(error))


def homes(environments: Sequence[Environment]) -> set[str]:
    """Return every tenant as `CLUSTER/TENANT`, for example `main/application`."""
    return {
        f"{name}/{tenant}"
        for environment in environments
        for name, cluster in environment.clusters.items()
        for tenant in cluster.tenants
    }


@app.command(epilog="Example: logops check production")
def check(
    name: EnvironmentArgument = "local",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Report mistakes in an environment before it is deployed.

    Exit status 1: errors were found. 2: the file is not valid.
    """
    loaded = environment(name)
    findings = check_deployment(from_environment(loaded), datetime.now(UTC))
    if as_json:
        print_json([finding.to_dict() for finding in findings])
    else:
        out.print(listing(findings))
        tenants = sum(len(cluster.tenants) for cluster in loaded.clusters.values())
        say(f"{loaded.name}: {len(loaded.clusters)} clusters, {tenants} tenants, {summary(findings)}")
    raise typer.Exit(exit_code(findings))


@app.command(epilog="Example: logops schema > include/environments/schema.json")
def schema() -> None:
    """Print the JSON Schema of environment files. Editors use it for completion and checks."""
    print_json(environment_schema())
    raise typer.Exit(OK)


@app.command(epilog="Example: logops render local --to /tmp/rendered")
def render(
    name: EnvironmentArgument = "local",
    to: Annotated[Path | None, typer.Option(help="Write the files to this folder instead of printing them.")] = None,
) -> None:
    """Show the files that an environment renders to: configuration of Loki, Promtail and supervisord, and rules."""
    # Platforms bring in supervisor and psutil: not needed to check a file.
    from logops.cli.rollout import desired

    for files in desired(name).values():
        for file, text in files.items():
            if to is None:
                out.print(f"--- {file}\n{text}", markup=False, highlight=False)
            else:
                (to / file).parent.mkdir(parents=True, exist_ok=True)
                (to / file).write_text(text)
