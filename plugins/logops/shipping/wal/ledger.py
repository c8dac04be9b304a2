"""How many records a process dropped, kept on disk: a process that is killed cannot report it."""

import mmap
import os
import struct
from pathlib import Path

LEDGER = "dropped"
"""Name of the file in the folder of a process."""
_COUNT = struct.Struct("<Q")


class LossLedger:
    """A number in a file that is mapped into memory, so that it survives `kill -9`."""

    def __init__(self, file: Path) -> None:
        """Start at zero. Raises OSError."""
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, bytes(_COUNT.size))
            self._data = mmap.mmap(descriptor, _COUNT.size)
        finally:
            os.close(descriptor)
        self._file = file
        self._count = 0

    def add(self, records: int) -> None:
        self._count += records
        _COUNT.pack_into(self._data, 0, self._count)

    def delete(self) -> None:
        """Delete the file: the losses were reported."""
        self._data.close()
        self._file.unlink(missing_ok=True)


def take_losses(folder: Path) -> int:
    """Return the records that a dead process dropped, and delete its file."""
    file = folder / LEDGER
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return 0
    file.unlink()
    return int(_COUNT.unpack(content)[0]) if len(content) == _COUNT.size else 0
