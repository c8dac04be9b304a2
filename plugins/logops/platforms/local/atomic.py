"""Write files completely or not at all, even if the disk is full or the power fails."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from logops.number_text import size_text
from logops.platforms.platform import PlatformError

MIN_FREE_BYTES = 512 * 2**20
"""The size of a segment of an ingester's write-ahead log (pkg/ingester/wal.go). With less free space, an ingester could
not write its log as soon as lines arrive."""


def check_free(folder: Path, min_bytes: int = MIN_FREE_BYTES) -> None:
    """Raise PlatformError if the disk of `folder` has less than `min_bytes` free."""
    free = _free(folder)
    if free < min_bytes:
        raise PlatformError(
            f"The disk of {folder} has {size_text(free)} free; a rollout needs at least {size_text(min_bytes)}. "
            "Nothing was changed. Free some space, then roll out again."
        )


def write_text(file: Path, text: str, mode: int = 0o644) -> None:
    """Write a file in one step. Raises PlatformError if the disk is full; the old file stays."""
    with writing(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_name(f".{file.name}.{os.getpid()}")
        try:
            _write(temporary, text, mode)
            os.replace(temporary, file)
        finally:
            temporary.unlink(missing_ok=True)
        _sync(file.parent)


def write_folder(folder: Path, texts: Mapping[str, str]) -> None:
    """Create a folder with files in one step. Raises PlatformError if the disk is full; no folder is created then."""
    with writing(folder.parent), _beside(folder) as temporary:
        for name, text in texts.items():
            _write(temporary / name, text)
        os.replace(temporary, folder)
        _sync(folder.parent)


def swap_files(folder: Path, texts: Mapping[str, str], remove: frozenset[str] = frozenset()) -> None:
    """Replace files of a folder, given by relative paths, and remove the files in `remove`.

    All new files are first written to a temporary folder beside it. Raises PlatformError if the disk is full; all files
    are unchanged then.
    """
    with writing(folder), _beside(folder) as temporary:
        for name, text in texts.items():
            _write(temporary / name, text)
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
        for name in texts:
            os.replace(temporary / name, folder / name)
        for name in remove:
            (folder / name).unlink(missing_ok=True)
        for changed in {(folder / name).parent for name in (*texts, *remove)}:
            if changed.is_dir():
                _sync(changed)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn an OSError into a PlatformError with the folder and the free space of its disk."""
    try:
        yield
    except OSError as error:
        raise PlatformError(
            f"{folder} cannot be written: {error.strerror}. Its disk has {size_text(_free(folder))} free. "
            "Existing files are unchanged. Free some space or correct the folder's permissions, then try again."
        ) from error


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder on the same disk."""
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir(parents=True)
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write(file: Path, text: str, mode: int = 0o644) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


def _sync(folder: Path) -> None:
    """Make a rename durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _free(folder: Path) -> int:
    existing_parent = next(parent for parent in (folder, *folder.parents) if parent.exists())
    return shutil.disk_usage(existing_parent).free
