"""The root of the exceptions that logops raises."""


class LogopsError(Exception):
    """Something that logops was asked to do could not be done.

    The message says what was being done, to which object, what was found, and what to do.
    """
