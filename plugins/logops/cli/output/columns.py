"""Choose the columns of a table that fit the width of the terminal. Pure.

If the columns are too wide, text that may wrap becomes narrower. Then columns are left out, the least important first.
A column of names that other commands need stays, and its names are never cut.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len

GAP = 2
"""Blanks between two columns."""
_MIN_WRAPPED = 24
"""A column of wrapped text is left out before it is narrower."""
NEVER = 100
"""Priority of a column that is never left out."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its name, its cells, and what may happen to it if the terminal is narrow."""

    name: str
    """The heading. It may have several lines."""
    cells: Sequence[str]
    priority: int = NEVER
    """The column with the lowest priority is left out first. `NEVER`: names that another command needs."""
    right: bool = False
    """Whether it is aligned to the right: numbers."""
    wraps: bool = False
    """Whether its text may use several lines. For at most one column of a table."""
    below: bool = False
    """Whether a terminal shows its text below the row, in lines of its own: long text that is never left out."""
    total: str = ""
    """The cell of the last row, if the table has totals."""
    styles: Mapping[str, str] = field(default_factory=dict)
    """Style of a cell by its text."""

    @property
    def texts(self) -> tuple[str, ...]:
        return (*self.name.splitlines(), *self.cells, self.total)

    @property
    def width(self) -> int:
        return max(map(cell_len, self.texts), default=0)

    @property
    def least_width(self) -> int:
        """The narrowest width at which no word is cut."""
        if not self.wraps:
            return self.width
        longest_word = max((cell_len(word) for text in self.texts for word in text.split()), default=0)
        return max(longest_word, min(self.width, _MIN_WRAPPED))

    @property
    def is_empty(self) -> bool:
        """Whether no cell says anything."""
        return bool(self.cells) and all(cell in ("", "-") for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns that are shown, and their widths."""

    columns: tuple[Column, ...]
    widths: tuple[int, ...]
    left_out: tuple[str, ...]
    """Names of columns that did not fit."""


def fitted(columns: Sequence[Column], width: int | None) -> Layout:
    """Return the columns that fit, and how wide each is. A column without any text is not shown.

    A line is wider than `width` only if the columns that are never left out are.

    width   of the terminal; None: no limit, because the output goes to a file or a program
    """
    shown = [column for column in columns if not column.is_empty] or [*columns]
    if width is not None:
        shown = _most_important(shown, width)
    widths = [column.width for column in shown]
    if width is not None:
        spare = width - _total(column.least_width if column.wraps else column.width for column in shown)
        widths = [
            min(column.width, column.least_width + max(spare, 0)) if column.wraps else column.width for column in shown
        ]
    left_out = [column.name.splitlines()[0] for column in columns if column not in shown and not column.is_empty]
    return Layout(tuple(shown), tuple(widths), tuple(left_out))


def _most_important(columns: Sequence[Column], width: int) -> list[Column]:
    """Return the columns that fit, the most important first, in their old order."""
    chosen: list[Column] = []
    for column in sorted(columns, key=lambda column: -column.priority):
        if column.priority >= NEVER or _total(each.least_width for each in (*chosen, column)) <= width:
            chosen.append(column)
    return [column for column in columns if column in chosen]


def _total(widths: Iterable[int]) -> int:
    every = [*widths]
    return sum(every) + GAP * (len(every) - 1)
