"""Wrap text for people, but no command in it. Pure."""

import re
from textwrap import fill

COMMAND = re.compile(r"`[^`]+`")
"""A command, or another text in backticks."""
_NO_BREAK = "\N{WORD JOINER}"
"""Stands for a blank at which a line must not break. Texts do not contain it."""


def wrapped(
    text: str, width: int | None, indent: int = 0, following: int | None = None, unbroken: re.Pattern[str] = COMMAND
) -> str:
    """Indent a text and wrap it between words.

    A command on two lines cannot be pasted, and half of a name is of no use. Both stay whole, even if they are wider
    than the line.

    width       characters of a line; None: the text stays on one line
    following   indent of all lines but the first; default: `indent`
    unbroken    what must stay on one line
    """
    first, others = " " * indent, " " * (indent if following is None else following)
    lines = fill(
        unbroken.sub(lambda match: match[0].replace(" ", _NO_BREAK), text),
        width or indent + len(text) + 1,
        initial_indent=first,
        subsequent_indent=others,
        break_on_hyphens=False,
        break_long_words=False,
    )
    return lines.replace(_NO_BREAK, " ")
