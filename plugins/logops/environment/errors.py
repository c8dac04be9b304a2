"""The base of the errors of this package."""

from logops.errors import LogopsError


class ConfigurationFileError(LogopsError):
    """A configuration file cannot be used: which file, path in it, what was found, what is allowed."""
