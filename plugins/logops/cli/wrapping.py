"""Wrap text for the terminal, but no command in it. Pure."""

import re
from textwrap import fill

_COMMAND = re.compile(r"`[^`]+`")
_NO_BREAK = "\N{NO-BREAK SPACE}"


def wrapped(text: str, width: int | None, indent: int = 0) -> str:
    """Indent a text and wrap it. A command on two lines could not be pasted, and half a name is no name: both stay
    whole, even if they are wider than the terminal.

    width   of the terminal; None: the text stays on one line
    """
    unbroken = _COMMAND.sub(lambda command: command[0].replace(" ", _NO_BREAK), text)
    lines = fill(
        unbroken,
        width or indent + len(text) + 1,
        initial_indent=" " * indent,
        subsequent_indent=" " * indent,
        break_on_hyphens=False,
        break_long_words=False,
    )
    return lines.replace(_NO_BREAK, " ")
