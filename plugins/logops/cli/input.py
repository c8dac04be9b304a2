"""Read a file that a command gets as an argument, or standard input."""

import sys
from pathlib import Path

from logops.cli.output.console import stop
from logops.number_text import size_text

MAX_BYTES = 10 << 20
"""Larger files are refused: sample lines and configurations are small."""


def read_input(file: Path, content: str) -> bytes:
    """Return the bytes of a file, or of standard input for `-`. Stop the command if it cannot be read or is too large.

    content   what the file should contain, for the message
    """
    try:
        if str(file) == "-":
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with file.open("rb") as stream:
                data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        stop(f"Reading {file}: {error.strerror}. Name a file with {content}, or - for standard input.")
    if len(data) > MAX_BYTES:
        stop(f"Reading {file}: it is larger than {size_text(MAX_BYTES)}. Use a part of it: head -n 1000 {file}")
    return data
