"""Exceptions of logops.shipping."""

from logops.errors import LogopsError


class ShippingError(LogopsError):
    """Logs cannot be shipped as asked: an option is not usable, or the write-ahead log cannot be opened."""
