"""Output of all commands: data goes to stdout, messages for people to stderr."""

import json
import os
import sys
from typing import Any, NoReturn

import typer
from rich.console import Console

_WIDE = 1000
"""Width if the output is not a terminal: nothing is wrapped or left out."""

# No emoji: `:key:` in a query or a log line is text.
out = Console(width=None if sys.stdout.isatty() else _WIDE, emoji=False)
err = Console(stderr=True, width=None if sys.stderr.isatty() else _WIDE, emoji=False)

OK = 0
FOUND = 1
"""Findings, or a failure."""
BAD_INPUT = 2
"""The command, a file or the environment is not usable."""


def no_colour() -> None:
    """Print without colours from now on, the help included."""
    os.environ["NO_COLOR"] = "1"
    out.no_color = err.no_color = True


def print_json(data: Any) -> None:
    sys.stdout.write(json.dumps(data, indent=2, default=str) + "\n")


def stop(message: str, code: int = BAD_INPUT) -> NoReturn:
    """Print a message and end the command. Nothing in the message is markup."""
    err.print(message, style="red" if err.is_terminal else None, markup=False, highlight=False)
    raise typer.Exit(code)


def width() -> int | None:
    """Return the width of the terminal; None if the output goes to a file or to another program."""
    return out.width if out.width < _WIDE else None


def print_text(output: Any) -> None:
    """Print text or tables that fit the width already. A longer line is not cut: the terminal wraps it."""
    out.print(output, soft_wrap=True, markup=False, highlight=False)


def printable(text: str) -> str:
    """Replace control characters, which a terminal would obey: names in a bucket and log lines are untrusted."""
    return "".join(character if character.isprintable() else " " for character in text)


def say(line: str) -> None:
    """Print one line of progress."""
    err.print(line, markup=False, highlight=False)
