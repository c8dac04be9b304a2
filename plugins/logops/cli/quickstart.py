"""`logops quickstart up`, `down`: what `make up` and `make down` run."""

from logops.cli.output.console import BAD_INPUT, FOUND, err, out, stop
from logops.clients.loki import LokiError
from logops.environment import EnvironmentFileError
from logops.platforms.platform import NotDeployableError, PlatformError
from logops.quickstart.errors import QuickstartError
from logops.render import PlacementError
from logops.toolchain import ProjectNotFoundError, ToolchainError

INTERRUPTED = 130
"""128 + SIGINT, as shells report it."""


def up(name: str, history: bool, days: int, airflow_port: int | None) -> None:
    """Run `logops quickstart up`."""
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


def down(name: str) -> None:
    """Run `logops quickstart down`."""
    from logops.quickstart.down import down

    try:
        down(name, err)
    except (EnvironmentFileError, NotDeployableError, PlacementError, ProjectNotFoundError) as error:
        stop(str(error), BAD_INPUT)
    except (QuickstartError, PlatformError) as error:
        stop(str(error), FOUND)
    except KeyboardInterrupt:
        stop("Interrupted. Run `make down` again for the rest.", INTERRUPTED)
