"""Where an environment's results lie."""

from pathlib import Path

from logops.environment import Environment

STATE = ".logops"
"""The one folder of a project that logops writes to; each environment has one of its own in it."""


def results_url(environment: Environment, root: Path) -> str:
    """An fsspec URL: a relative path in the environment's file lies in the local platform's state folder."""
    if "://" in environment.results:
        return environment.results.rstrip("/")
    return str(root / STATE / environment.name / environment.results)
