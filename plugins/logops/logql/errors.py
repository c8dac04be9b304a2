"""The error of an invalid query, with its position."""

import unicodedata

from logops.errors import LogopsError

_WIDEST = 100


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
        width = min(width, _WIDEST)
        line = self.query.split("\n")[self.line - 1].replace("\t", " ")
        at = self.column - 1
        start = max(0, min(at - width * 3 // 5, len(line) - width))
        while _cells(line[start:at]) >= width:
            start += 1
        shown = line[start : start + width]
        while _cells(shown) > width:
            shown = shown[:-1]
        return f"{shown}\n{' ' * _cells(line[start:at])}^"


def _cells(text: str) -> int:
    """Return the number of terminal columns of a text: 日 needs two, a combining accent none."""
    return sum(
        0
        if unicodedata.category(character) in ("Mn", "Me", "Cf")
        else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )
