"""The base of the exceptions that an audit raises."""

from logops.errors import LogopsError


class AuditError(LogopsError):
    """An audit could not be carried out as it was asked for."""
