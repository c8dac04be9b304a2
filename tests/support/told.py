"""Messages of tests for the summary of the test run."""

from collections.abc import Callable

Tell = Callable[[str], None]
TOLD = "told"
"""Name of the report property that holds a message until the end of the run."""
