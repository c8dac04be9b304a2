"""Run Loki's own code for index files and chunks (tools/loki-index): write, dump, measure how long reading takes."""

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from logops.toolchain.programs import LOKI_INDEX
from logops.toolchain.progress import Progress, quiet
from logops.toolchain.provide import provide

RECORD = np.dtype(
    [
        ("series", "<u4"),
        ("checksum", "<u4"),
        ("from_ms", "<i8"),
        ("through_ms", "<i8"),
        ("kb", "<u4"),
        ("entries", "<u4"),
    ]
)
"""A chunk as `loki-index build` reads it. Chunks are sorted by series, then by time."""


@dataclass(frozen=True)
class Table:
    """An index file to build."""

    folder: Path
    streams: Sequence[tuple[int, Mapping[str, str]]]
    """Fingerprint and labels."""
    chunks: "np.ndarray[Any, Any]"
    """Rows of the numpy type RECORD."""
    uploader: str = ""
    """An ingester; empty: a compacted file of one tenant."""
    written: int = 1_760_000_000_000_000_000
    """Unix nanoseconds."""
    version: int = 3
    gzip: bool = True


@dataclass(frozen=True)
class Series:
    """A series of a dumped index, with its chunks as (from, through, KB, entries, checksum)."""

    fingerprint: int
    labels: Mapping[str, str]
    chunks: list[list[int]] = field(default_factory=list)


def program(progress: Progress = quiet) -> str:
    """Return the path of the program. Builds it if it is missing. Raises BuildError."""
    return provide((LOKI_INDEX,), progress)[0].command[0]


def build(path: str, tables: Iterable[Table]) -> Iterator[Path]:
    """Write index files with Loki's builder, one after the other."""
    process = subprocess.Popen((path, "build"), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        for table in tables:
            head = {
                "folder": str(table.folder),
                "uploader": table.uploader,
                "written": table.written,
                "version": table.version,
                "gzip": table.gzip,
                "series": len(table.streams),
                "chunks": len(table.chunks),
            }
            lines = [json.dumps(head)]
            lines += [json.dumps({"fingerprint": number, "labels": dict(labels)}) for number, labels in table.streams]
            process.stdin.write("\n".join(lines).encode() + b"\n")
            process.stdin.write(np.ascontiguousarray(table.chunks).tobytes())
            process.stdin.flush()
            if written := process.stdout.readline():
                yield Path(written.decode().rstrip("\n"))
        process.stdin.close()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, "loki-index build")


def dump(path: str, file: Path) -> tuple[dict[str, int], list[Series]]:
    """Return an index as Loki reads it: version, times, and every series. Raises CalledProcessError."""
    said = subprocess.run((path, "dump", str(file)), check=True, capture_output=True, text=True).stdout.splitlines()
    head, *rest = map(json.loads, said)
    return head, [Series(one["fingerprint"], one["labels"], one["chunks"]) for one in rest]


def bench(path: str, file: Path, runs: int) -> dict[str, Any]:
    """Return how long Loki takes to read an index, by step. `bench.go` names the steps."""
    said = subprocess.run((path, "bench", "-runs", str(runs), str(file)), check=True, capture_output=True, text=True)
    return dict(json.loads(said.stdout))


@dataclass(frozen=True)
class ChunkToWrite:
    """A chunk to write."""

    folder: Path
    """The chunk is written below it, under its name on Azure."""
    tenant: str
    fingerprint: int
    labels: Mapping[str, str]
    entries: Sequence[tuple[int, str, Mapping[str, str]]]
    """Unix nanoseconds, line, structured metadata; sorted by time."""
    format: int = 4
    encoding: str = "snappy"
    block_size: int = 256 << 10
    """Bytes of lines in a block."""
    target_size: int = 1_536 << 10
    """Bytes of the whole chunk."""


@dataclass(frozen=True)
class WrittenChunk:
    """A written chunk, as an ingester lists it in the index."""

    name: str
    kb: int
    entries: int


def write_chunks(path: str, chunks: Iterable[ChunkToWrite]) -> list[WrittenChunk]:
    """Write chunks with Loki's own code. Raises CalledProcessError."""
    lines = (
        json.dumps(
            {
                **{field: getattr(chunk, field) for field in ("tenant", "fingerprint", "format", "encoding")},
                **{field: getattr(chunk, field) for field in ("block_size", "target_size")},
                "folder": str(chunk.folder),
                "labels": dict(chunk.labels),
                "entries": [
                    {"time": time, "line": line, "metadata": dict(metadata)} for time, line, metadata in chunk.entries
                ],
            }
        )
        for chunk in chunks
    )
    said = subprocess.run(
        (path, "chunks"), input="".join(f"{line}\n" for line in lines), check=True, capture_output=True, text=True
    )
    return [WrittenChunk(**json.loads(line)) for line in said.stdout.splitlines()]


def bench_chunks(path: str, folder: Path, runs: int) -> dict[str, Any]:
    """Return how long Loki takes to decode all chunks in a folder. `chunks.go` names the steps."""
    command = (path, "bench-chunks", "-runs", str(runs), str(folder))
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
