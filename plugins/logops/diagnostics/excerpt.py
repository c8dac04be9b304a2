"""Cut a line of a text to the width of a terminal, with a mark below the part that a problem is about."""

import unicodedata

_WIDEST = 100


def excerpt(line: str, column: int, length: int = 0, width: int = 80) -> tuple[str, str]:
    """Return the part of a line around a column, and the line below it with carets.

    length   number of marked characters. At least one column is marked, and no column after the end of the line

    >>> excerpt("a: 1", 1)
    ('a: 1', '^')
    """
    width = min(width, _WIDEST)
    # A terminal would obey a control character of the file.
    line = "".join(character if character.isprintable() else " " for character in line)
    at = column - 1
    start = max(0, min(at - width * 3 // 5, len(line) - width))
    while _cells(line[start:at]) >= width:
        start += 1
    shown = line[start : start + width]
    while _cells(shown) > width:
        shown = shown[:-1]
    marked = _cells(shown[at - start : at - start + length])
    return shown, " " * _cells(line[start:at]) + "^" * max(1, marked)


def _cells(text: str) -> int:
    """Return the number of terminal columns of a text: 日 needs two, a combining accent none."""
    return sum(
        0
        if unicodedata.category(character) in ("Mn", "Me", "Cf")
        else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )
