"""What is wanted: the environment file, typed and explained."""

from logops.environment.load import (
    EnvironmentFileError,
    environment_schema,
    find_environment,
    load_environment,
    parse_environment,
)
from logops.environment.model import Environment

__all__ = [
    "Environment",
    "EnvironmentFileError",
    "environment_schema",
    "find_environment",
    "load_environment",
    "parse_environment",
]
