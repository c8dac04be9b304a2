"""`logops quickstart up`, `down`: what `make up` and `make down` run."""

from typing import Annotated

import typer

from logops.cli.console import BAD_INPUT, FOUND, err, out, stop
from logops.cli.targets import EnvironmentArgument
from logops.clients.loki import LokiError
from logops.environment import EnvironmentFileError
from logops.platforms.platform import NotDeployableError, PlatformError
from logops.quickstart.errors import QuickstartError
from logops.render import PlacementError
from logops.toolchain import ProjectNotFoundError, ToolchainError

app = typer.Typer(no_args_is_help=True, epilog="Example: logops quickstart up --days 30")
INTERRUPTED = 130
"""128 + SIGINT, as shells report it."""


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
    # Imports Airflow's client, supervisord's client and the sample logs, which other commands do not need.
    from logops.quickstart.up import UpOptions, up

    try:
        up(UpOptions(name, days if history else 0, airflow_port), err, out)
    except (EnvironmentFileError, NotDeployableError, PlacementError, ProjectNotFoundError) as error:
        stop(str(error), BAD_INPUT)
    except (QuickstartError, ToolchainError, PlatformError, LokiError) as error:
        stop(str(error), FOUND)
    except KeyboardInterrupt:
        stop("Interrupted.", INTERRUPTED)


@app.command(epilog="Example: logops quickstart down")
def down(name: EnvironmentArgument = "local") -> None:
    """Stop the sample logs, Airflow and the environment's processes. Stored logs stay."""
    from logops.quickstart.down import down

    try:
        down(name, err)
    except (EnvironmentFileError, NotDeployableError, PlacementError, ProjectNotFoundError) as error:
        stop(str(error), BAD_INPUT)
    except (QuickstartError, PlatformError) as error:
        stop(str(error), FOUND)
    except KeyboardInterrupt:
        stop("Interrupted. Run `make down` again for the rest.", INTERRUPTED)
