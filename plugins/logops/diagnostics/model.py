"""A problem at a position in a file, and the rule that reports it."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate


class Level(StrEnum):
    """How serious a problem is, in the words that GitHub and SARIF share."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A character of a text: line and column, both from 1."""

    line: int = 1
    column: int = 1


START = Position()


@dataclass(frozen=True, slots=True)
class Rule:
    """A class of problems, for tools that show an explanation beside the problem."""

    name: str
    level: Level
    meaning: str
    why: str = ""
    remedy: str = ""


FILE_UNREADABLE = Rule(
    "file-unreadable",
    Level.ERROR,
    "The file cannot be read, or its kind is unknown.",
    "A file that is not read is not checked.",
)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem."""

    rule: Rule
    message: str
    file: str = ""
    """Name of the file, as the user gave it. Empty: the text comes from no file."""
    start: Position = START
    end: Position | None = None
    """The position after the last character; None: unknown."""
    severity: str = ""
    """The tool's own word for the severity. Empty: the level."""
    remedy: str = ""
    """The remedy in this case. Empty: the remedy of the rule."""
    suggestion: str = ""
    """The better text, whole, to copy."""
    fixable: bool = False
    """Whether the tool can fix it."""

    @property
    def help(self) -> str:
        return self.remedy or self.rule.remedy

    @property
    def advice(self) -> str:
        """The remedy and the better text, each on its line; empty if both are unknown."""
        return "\n".join(part for part in (self.help, self.suggestion and f"Better: {self.suggestion}") if part)


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return the diagnostics by file and position, as a person reads the files."""
    return sorted(diagnostics, key=lambda problem: (problem.file, problem.start, problem.rule.name))


class Lines:
    """The lines of a text.

    >>> Lines("a: 1\\nb: 2").position(5), Lines("a: 1\\nb: 2").line(2)
    (Position(line=2, column=1), 'b: 2')
    """

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        starts = accumulate((len(line) + 1 for line in self._lines), initial=0)
        self._starts = list(starts)[:-1]

    def position(self, offset: int) -> Position:
        """Return the line and the column of a character, by its offset from 0."""
        line = bisect_right(self._starts, offset)
        return Position(line, offset - self._starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """Return a line by its number, without its line break; empty if there is no such line."""
        return self._lines[number - 1].rstrip("\r") if 0 < number <= len(self._lines) else ""
