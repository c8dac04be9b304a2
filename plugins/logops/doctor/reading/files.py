"""Find and read the files that a user names: files, directories, standard input."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from logops.doctor.reading.safe_yaml import MAX_BYTES, DocumentError
from logops.number_text import size_text

STANDARD_INPUT = "-"
SUFFIXES = (".yaml", ".yml", ".json", ".tf", ".conf")
"""Files of a directory that are read. Others cannot be configurations that the doctor knows."""


def read_named(paths: Iterable[Path]) -> tuple[dict[str, str], list[DocumentError]]:
    """Return the texts of files by name, and the errors of those that cannot be read.

    Of a directory, all files with one of the SUFFIXES are read, also in directories below it. Directories and files
    whose name starts with a dot are left out. `-` is standard input.
    """
    texts: dict[str, str] = {}
    errors: list[DocumentError] = []
    for path in paths:
        try:
            for file in _files(path):
                texts[str(file)] = read_file(file)
        except DocumentError as error:
            errors.append(error)
    return texts, errors


def read_file(path: Path) -> str:
    """Return the text of a file, or of standard input. Raises DocumentError if it cannot be read or is too large."""
    try:
        if str(path) == STANDARD_INPUT:
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise DocumentError(str(path), "the file is too large", f"at most {size_text(MAX_BYTES)}")
        return data.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(str(path), f"cannot be read: {error}", "a UTF-8 text file") from None


def _files(path: Path) -> Iterator[Path]:
    if str(path) == STANDARD_INPUT or not path.is_dir():
        yield path
        return
    files = sorted(
        file
        for file in path.rglob("*")
        if file.suffix in SUFFIXES
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
    )
    if not files:
        raise DocumentError(str(path), f"a directory without files that end in {', '.join(SUFFIXES)}", "such a file")
    yield from files
