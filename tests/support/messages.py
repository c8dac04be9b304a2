"""Messages that tests add to the summary of the test run."""

from collections.abc import Callable

AddMessage = Callable[[str], None]
MESSAGE = "message"
"""Name of the report property that holds a message until the end of the run."""
