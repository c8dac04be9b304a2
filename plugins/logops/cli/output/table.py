"""Draw a table for the terminal that there is: the one helper for every table of the command line."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from rich.cells import cell_len
from rich.text import Text

from logops.cli.output.columns import GAP, Column, Layout, fitted
from logops.cli.output.console import print_text, printable, width
from logops.wrapping import wrapped


def show_table(columns: Sequence[Column], row_styles: Sequence[str] = ()) -> None:
    """Print a table. One more line names the columns that did not fit, and says how to see them.

    row_styles   style of each row; empty: none
    """
    print_text(table_text(columns, width(), row_styles))


def table_text(columns: Sequence[Column], width: int | None, row_styles: Sequence[str] = ()) -> Text:
    """Return a table as lines of text.

    width   of the terminal; None: nothing is left out and nothing wraps
    """
    columns = [replace(column, cells=[*map(printable, column.cells)]) for column in columns]
    below = [column for column in columns if column.below and width is not None]
    layout = fitted([column for column in columns if column not in below], width)
    lines = _heading(layout)
    rows = zip_longest(*(column.cells for column in layout.columns), fillvalue="")
    for number, (row, style) in enumerate(zip_longest(rows, row_styles, fillvalue="")):
        lines += _row(row, layout, style)
        texts = [f"{column.name}: {column.cells[number]}" for column in below if column.cells[number]]
        lines += [Text(wrapped(text, width, 2, 4)) for text in texts]
    if any(column.total for column in columns):
        lines.append(_line([column.total for column in layout.columns], layout, "bold"))
    if layout.left_out:
        names = ", ".join(layout.left_out)
        hint = f"Not shown, the terminal is too narrow: {names}. Add `| less -S` to see all columns."
        lines.append(Text(wrapped(hint, width), style="dim"))
    return Text("\n").join(lines)


def _heading(layout: Layout) -> list[Text]:
    """Return the lines of the heading. Names with fewer lines are at the bottom."""
    names = [column.name.splitlines() for column in layout.columns]
    height = max(map(len, names), default=0)
    padded = [[""] * (height - len(lines)) + lines for lines in names]
    return [_line(line, layout, "bold") for line in zip(*padded, strict=True)]


def _row(cells: Sequence[str], layout: Layout, style: str) -> list[Text]:
    """Return the lines of a row: several if a cell wraps."""
    wrapped = [
        _wrapped(cell, cell_width) if column.wraps else [cell]
        for cell, column, cell_width in zip(cells, layout.columns, layout.widths, strict=True)
    ]
    return [_line(line, layout, style) for line in zip_longest(*wrapped, fillvalue="")]


def _wrapped(text: str, width: int) -> list[str]:
    """Split a text into lines at blanks. A longer word stays whole."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if cell_len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _line(cells: Sequence[str], layout: Layout, style: str) -> Text:
    line = Text(style=style)
    for cell, column, cell_width in zip(cells, layout.columns, layout.widths, strict=True):
        padding = " " * (cell_width - cell_len(cell))
        line.append(padding if column.right else "")
        line.append(cell, column.styles.get(cell))
        line.append("" if column.right else padding)
        line.append(" " * GAP)
    line.rstrip()
    return line
