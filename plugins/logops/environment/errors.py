"""The base of the errors of this package."""

from logops.errors import LogopsError


class ConfigurationFileError(LogopsError):
    """A configuration file cannot be used. The message names the file, the path in it, and the reason."""

    needs_a_person = True
