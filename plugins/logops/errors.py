"""The root of the exceptions that logops raises."""

from typing import ClassVar


class LogopsError(Exception):
    """An operation of logops failed.

    The message names the operation, its object, the problem, and what to do.
    """

    needs_a_person: ClassVar[bool] = False
    """Whether another try fails in the same way until somebody changes a file, a setting or a login."""
