"""`logops quickstart up`, `down`, `drill`: what `make up`, `make down` and `make drill` run."""

import sys

from logops.cli.output.console import BAD_INPUT, FOUND, err, out, stop
from logops.clients.loki import LokiError
from logops.environment import EnvironmentFileError
from logops.errors import LogopsError
from logops.platforms.platform import NotLocalError, PlatformError
from logops.quickstart.errors import DrillRefusedError, QuickstartError
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
    except (EnvironmentFileError, NotLocalError, PlacementError, ProjectNotFoundError) as error:
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
    except (EnvironmentFileError, NotLocalError, PlacementError, ProjectNotFoundError) as error:
        stop(str(error), BAD_INPUT)
    except (QuickstartError, PlatformError) as error:
        stop(str(error), FOUND)
    except KeyboardInterrupt:
        stop("Interrupted. Run `make down` again for the rest.", INTERRUPTED)


def drill(name: str, scenario_name: str | None) -> None:
    """Run `logops quickstart drill`."""
    from logops.quickstart.drill.run import drill
    from logops.quickstart.drill.scenarios import SCENARIOS
    from logops.quickstart.drill.text import menu

    by_name = {scenario.name: scenario for scenario in SCENARIOS}
    try:
        if scenario_name is None:
            out.print(menu(SCENARIOS))
            if not sys.stdin.isatty():
                stop(f"Choose one: logops quickstart drill {name} SCENARIO")
            choice = out.input("\nNumber or name: ").strip()
            numbers = {str(number): scenario.name for number, scenario in enumerate(SCENARIOS, 1)}
            scenario_name = numbers.get(choice, choice)
        if scenario_name not in by_name:
            stop(f"Starting a drill: there is no scenario {scenario_name!r}. Choose one of: {', '.join(by_name)}")
        drill(by_name[scenario_name], name, err, out)
    except (
        DrillRefusedError,
        EnvironmentFileError,
        NotLocalError,
        PlacementError,
        ProjectNotFoundError,
    ) as error:
        stop(str(error), BAD_INPUT)
    except LogopsError as error:
        stop(str(error), FOUND)
    except KeyboardInterrupt:
        stop("Interrupted.", INTERRUPTED)
