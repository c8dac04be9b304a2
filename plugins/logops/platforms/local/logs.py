"""Read the log files of processes from their end."""

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

_BLOCK = 64 * 1024
_PAUSE = 0.2


def last_lines(file: Path, count: int) -> list[str]:
    """Return the last `count` lines of a file; an empty list if the file does not exist."""
    try:
        with file.open("rb") as stream:
            end = stream.seek(0, os.SEEK_END)
            data = b""
            while end > 0 and data.count(b"\n") <= count:
                start = max(0, end - _BLOCK)
                stream.seek(start)
                data = stream.read(end - start) + data
                end = start
    except FileNotFoundError:
        return []
    return data.decode("utf-8", "replace").splitlines()[-count:] if count else []


def follow(files: Mapping[str, Path]) -> Iterator[tuple[str, str]]:
    """Yield each new line of these files, with the name of its file. Never ends.

    If supervisord rotates a file, continue with the new file.
    """
    tails = {name: Tail(path) for name, path in files.items()}
    while True:
        has_new_lines = False
        for name, tail in tails.items():
            for line in tail.lines():
                has_new_lines = True
                yield name, line
        if not has_new_lines:
            time.sleep(_PAUSE)


class Tail:
    """A reader of the lines that are appended to a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._incomplete = b""
        self._inode, self._offset = self._now()

    def lines(self) -> list[str]:
        """Return the complete lines since the last call."""
        inode, size = self._now()
        if inode != self._inode or size < self._offset:
            self._inode, self._offset, self._incomplete = inode, 0, b""
        if size == self._offset:
            return []
        with self._path.open("rb") as stream:
            stream.seek(self._offset)
            data = stream.read()
        self._offset += len(data)
        *complete, self._incomplete = (self._incomplete + data).split(b"\n")
        return [line.decode("utf-8", "replace") for line in complete]

    def _now(self) -> tuple[int, int]:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return 0, 0
        return status.st_ino, status.st_size
