"""The base of the errors of this package."""

from logops.errors import LogopsError


class ConfigurationFileError(LogopsError):
    """A file that a person wrote cannot be used: which file, where in it, what was found, what is allowed."""
