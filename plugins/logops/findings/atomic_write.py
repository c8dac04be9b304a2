"""Write a file completely or not at all, on a disk and in an object store."""

import os
import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4


def write_atomically(filesystem: Any, path: str, data: bytes) -> None:
    """Write a file of an fsspec file system. Creates its folders.

    An object store puts a blob in one step. On a disk, a complete temporary file is renamed.
    """
    from fsspec.implementations.local import LocalFileSystem

    if isinstance(filesystem, LocalFileSystem):
        replace_file(Path(path), data)
    else:
        filesystem.pipe_file(path, data)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file on a disk. A file that is there keeps its permissions, and a link keeps its target."""
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{uuid4().hex}.unfinished")
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
