"""The error of an invalid query, with its position."""

from logops.diagnostics.excerpt import excerpt
from logops.errors import LogopsError


class LogQLError(LogopsError, ValueError):
    """A query that Loki would refuse: what was expected, what was found, at which character.

    Attributes: `reason`, a sentence; `query`, the whole query; `at`, the character's offset from 0; `line` and
    `column`, from 1.
    """

    def __init__(self, reason: str, query: str, at: int) -> None:
        self.reason = reason
        self.query = query
        self.at = min(at, len(query))
        self.line = query.count("\n", 0, self.at) + 1
        self.column = self.at - (query.rfind("\n", 0, self.at) + 1) + 1
        super().__init__(f"line {self.line}, column {self.column}: {reason}")

    def picture(self, width: int = 80) -> str:
        """Return the line of the query with a caret below the character, cut to a terminal's width."""
        return "\n".join(excerpt(self.query.split("\n")[self.line - 1], self.column, width=width))
