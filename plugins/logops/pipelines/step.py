"""The interface of a stage that is carried out."""

from collections.abc import Iterable

from logops.pipelines.line import Dropped, Line


class Step:
    """A stage that takes one line after the other. It may hold lines back, and may remember earlier lines."""

    def take(self, line: Line) -> Iterable[Line | Dropped]:
        """Return what becomes of a line: nothing if it is held back."""
        raise NotImplementedError

    def due(self, now_ns: int) -> Iterable[Line]:
        """Return the lines that have been held back for long enough."""
        return ()

    def end(self) -> Iterable[Line | Dropped]:
        """Return the lines that are still held back when the agent stops."""
        return ()
