"""How many records dead processes dropped, kept on disk: a process that is killed cannot report it."""

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
        """Open the file, which may have the number of a dead process. Raises OSError."""
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(descriptor).st_size < _COUNT.size:
                os.write(descriptor, bytes(_COUNT.size))
            self._data = mmap.mmap(descriptor, _COUNT.size)
        finally:
            os.close(descriptor)
        self._file = file
        self.count: int = _COUNT.unpack_from(self._data)[0]
        """Records that this process and the dead processes before it dropped."""

    def add(self, records: int) -> None:
        self.count += records
        _COUNT.pack_into(self._data, 0, self.count)

    def take_from(self, folder: Path) -> None:
        """Add the number of another folder, whose process is dead, and delete its file. Raises OSError."""
        file = folder / LEDGER
        if file.exists():
            other = LossLedger(file)
            # First add, then delete: a process that is killed in between counts too many, not too few.
            self.add(other.count)
            other.delete()

    def delete(self) -> None:
        """Delete the file: the losses were reported."""
        self._data.close()
        self._file.unlink(missing_ok=True)
