"""Folders of a write-ahead log: one for each process that runs, so that two processes never share one.

A lock of the operating system marks a folder as used. It ends with the process, also after `kill -9`. A new process
takes the first free folder, and adopts the segments of all other free folders.
"""

import fcntl
import os
from pathlib import Path

from logops.shipping.wal.ledger import LEDGER, LossLedger

SEGMENTS = "*.segment"
_MAX_PROCESSES = 1000


class Slot:
    """A locked folder."""

    def __init__(self, folder: Path, descriptor: int) -> None:
        self.folder = folder
        self._descriptor = descriptor

    def segment_files(self) -> list[Path]:
        """Return the files of the segments, oldest first."""
        return sorted(self.folder.glob(SEGMENTS))

    def close(self) -> None:
        """Close the lock. In a forked child this does not unlock: the parent still has the lock open."""
        os.close(self._descriptor)


def take_slot(directory: Path) -> tuple[Slot, LossLedger]:
    """Lock the first free folder, and move what dead processes left in other free folders into it.

    Return the folder, and its ledger with the losses of all these processes.

    Raises OSError if the directory is not writable, or every folder is used.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    ours = next((slot for number in range(_MAX_PROCESSES) if (slot := _lock(directory / f"{number:03d}"))), None)
    if ours is None:
        raise OSError(f"{_MAX_PROCESSES} processes use it already")
    ledger = LossLedger(ours.folder / LEDGER)
    for folder in sorted(directory.glob("[0-9][0-9][0-9]")):
        is_left = any(folder.glob(SEGMENTS)) or (folder / LEDGER).exists()
        if folder != ours.folder and is_left and (other := _lock(folder)):
            for file in other.segment_files():
                file.rename(ours.folder / file.name)
            ledger.take_from(folder)
            other.close()
    return ours, ledger


def _lock(folder: Path) -> Slot | None:
    """Return the folder, locked; None if a process uses it."""
    folder.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return Slot(folder, descriptor)
