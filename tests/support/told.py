"""What a test has to say besides that it passed."""

from collections.abc import Callable

Tell = Callable[[str], None]
TOLD = "told"
"""The property of a test's report that carries it to the end of the run."""
