"""The interface of a stage that is carried out."""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from logops.pipelines.line import Dropped, Line


class Step(ABC):
    """A stage that takes one line after the other. It may hold lines back, and may remember earlier lines."""

    @abstractmethod
    def take(self, line: Line) -> Iterable[Line | Dropped]:
        """Return the changed line, or the dropped one; nothing if the line is held back."""

    def due(self, now_ns: int) -> Iterable[Line]:
        """Return the lines that have been held back for long enough."""
        return ()

    def end(self) -> Iterable[Line | Dropped]:
        """Return the lines that are still held back when the agent stops."""
        return ()
