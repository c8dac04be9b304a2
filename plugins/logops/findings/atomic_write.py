"""Write a file completely or not at all, on a disk and in an object store."""

import os
from pathlib import Path
from typing import Any
from uuid import uuid4


def write_atomically(filesystem: Any, path: str, data: bytes) -> None:
    """Write a file of an fsspec file system. Creates its folders.

    An object store puts a blob in one step. On a disk, a complete temporary file is renamed.
    """
    from fsspec.implementations.local import LocalFileSystem

    if isinstance(filesystem, LocalFileSystem):
        _replace(Path(path), data)
    else:
        filesystem.pipe_file(path, data)


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{uuid4().hex}.unfinished")
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
