"""The environment file: its typed model, its loader and its error messages."""

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
