"""Read the versions that programs print."""

import os
import re
import subprocess
from functools import lru_cache
from pathlib import Path

_VERSION = re.compile(r"(?<![\d.])(\d+(?:\.\d+)+)(-[0-9A-Za-z.]+)?")
_PROBE_SECONDS = 20


def parse_version(output: str) -> str | None:
    """Return the version in a program's output, or None.

    Only the first line counts: Loki's programs print Go's version further down.

    >>> parse_version("loki, version 3.7.8 (branch: , revision: unknown)")
    '3.7.8'
    """
    first_line = output.strip().partition("\n")[0]
    match = _VERSION.search(first_line)
    return match.group(0) if match else None


def numbers(version: str) -> tuple[int, ...]:
    """Return a version as numbers, for comparison: `1.26.5` is (1, 26, 5). Text after a hyphen is ignored."""
    return tuple(int(part) for part in version.partition("-")[0].split("."))


def version_of(executable: Path, arguments: tuple[str, ...]) -> str | None:
    """Return the version that an executable prints with `arguments`; None if it does not run or prints none.

    The answer is cached in this process until the file changes.
    """
    stat = os.stat(executable)
    return _probe(str(executable), arguments, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=64)
def _probe(executable: str, arguments: tuple[str, ...], _mtime_ns: int, _size: int) -> str | None:
    try:
        done = subprocess.run(
            [executable, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PROBE_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    # logcli prints its version to stderr.
    return parse_version(done.stdout or done.stderr)
