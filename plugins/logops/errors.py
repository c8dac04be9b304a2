"""The root of the exceptions that logops raises."""


class LogopsError(Exception):
    """An operation of logops failed.

    The message names the operation, its object, the problem, and what to do.
    """
