"""The environment of scheduled DAGs, and how often they run.

Airflow reads this module whenever it parses a DAG file: no heavy imports.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

VARIABLE = "LOGOPS_NIGHTLY_ENVIRONMENT"
"""Set for the scheduler and the DAG processor. If unset: `local`, or the first environment."""
QUALITY_MINUTES = 15
"""Default of `quality.interval`."""
DIVISORS = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60)
"""Minutes that an interval may have."""


def environments(root: Path) -> list[str]:
    """Return the names of a project's environments, sorted."""
    return sorted(file.stem for file in (root / "include/environments").glob("*.yaml"))


def nightly(names: Sequence[str], variables: Mapping[str, str] = os.environ) -> str:
    """Return the environment of the nightly runs: the default of a DAG with a schedule, which its enum must allow.

    Raises ValueError if the variable names an unknown environment. Airflow shows it as the DAG's import error.
    """
    chosen = variables.get(VARIABLE)
    if chosen and chosen not in names:
        raise ValueError(f"{VARIABLE} is {chosen!r}, and include/environments has {', '.join(names)}")
    return chosen or ("local" if "local" in names else names[0])


def quality_minutes(root: Path, name: str) -> int:
    """Return the time between two runs of the quality check, in minutes: `quality.interval` of an environment.

    If the file is unreadable, the default: the run itself then says what is wrong with the file.
    """
    try:
        settings = yaml.load((root / f"include/environments/{name}.yaml").read_bytes(), _Loader)["quality"]
        interval = str(settings["interval"])
    except (OSError, yaml.YAMLError, LookupError, TypeError):
        return QUALITY_MINUTES
    minutes = interval.removesuffix("m")
    return int(minutes) if minutes.isdigit() and int(minutes) in DIVISORS else QUALITY_MINUTES
