"""Growing log files, for an agent to tail."""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from threading import Event

from logops.samples.generate import generate
from logops.samples.line import Kind, Line

FILE_NAMES: Mapping[Kind, str] = {kind: f"{kind.value}.log" for kind in Kind}

ROTATE_AT_BYTES = 16 * 1024 * 1024
"""A larger file is renamed to NAME.log.1, replacing the previous one: samples must not fill a disk."""


def write_past(
    folder: Path,
    seed: int,
    until_ns: int,
    seconds: float,
    lines_per_minute: Mapping[Kind, float],
    *,
    rotate_at_bytes: int = ROTATE_AT_BYTES,
) -> dict[Kind, int]:
    """Append the lines of the `seconds` before `until_ns` (nanoseconds since the epoch). Return the number per kind.

    `lines_per_minute` names the kinds to write, one file each (`FILE_NAMES`), with their mean rate.
    """
    return _append_interval(folder, seed, until_ns - int(seconds * 1e9), until_ns, lines_per_minute, rotate_at_bytes)


def follow(
    folder: Path,
    seed: int,
    lines_per_minute: Mapping[Kind, float],
    stop: Event,
    *,
    every: float = 1.0,
    now_ns: Callable[[], int] = time.time_ns,
) -> dict[Kind, int]:
    """Append lines at their time, every `every` seconds, until `stop` is set. Return the number per kind."""
    written = dict.fromkeys(lines_per_minute, 0)
    start_ns = now_ns()
    stopped = False
    while not stopped:
        stopped = stop.wait(every)
        # If the clock is set back, wait: lines must not be written twice.
        end_ns = max(start_ns, now_ns())
        for kind, count in _append_interval(folder, seed, start_ns, end_ns, lines_per_minute).items():
            written[kind] += count
        start_ns = end_ns
    return written


def _append_interval(
    folder: Path,
    seed: int,
    start_ns: int,
    end_ns: int,
    lines_per_minute: Mapping[Kind, float],
    rotate_at_bytes: int = ROTATE_AT_BYTES,
) -> dict[Kind, int]:
    folder.mkdir(parents=True, exist_ok=True)
    return {
        kind: _append(folder / FILE_NAMES[kind], generate(kind, seed, start_ns, end_ns, rate), rotate_at_bytes)
        for kind, rate in lines_per_minute.items()
    }


def _append(file: Path, lines: Iterable[Line], rotate_at_bytes: int) -> int:
    texts = [line.text for line in lines]
    if not texts:
        return 0
    if file.exists() and file.stat().st_size > rotate_at_bytes:
        os.replace(file, file.with_name(f"{file.name}.1"))
    with file.open("a", encoding="utf-8") as log:
        log.write("\n".join(texts) + "\n")
    return len(texts)
