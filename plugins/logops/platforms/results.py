"""The location of an environment's results."""

from pathlib import Path

from logops.environment import Environment

STATE = ".logops"
"""The only folder of a project that logops writes to; each environment has a subfolder."""


def results_url(environment: Environment, root: Path) -> str:
    """Return the fsspec URL of the results store. A relative path starts at the environment's state folder."""
    if "://" in environment.results:
        return environment.results.rstrip("/")
    return str(root / STATE / environment.name / environment.results)
