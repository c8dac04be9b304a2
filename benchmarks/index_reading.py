"""Read an index file: logops' reader, with every checksum, against Loki's own Go reader.

    python -m benchmarks.index_reading

The file is written by Loki's builder: V3, 4.8 million chunks. Both readers read it from memory, in turns, in processes
of their own. Loki opens the file and walks every series with its chunks (ForSeries, as its compactor does); it stores
nothing and checks the checksums of the series that it meets. logops runs `read_index`, to Arrow columns, with every
checksum of the file. Both add up all numbers of all chunks, which is not timed. The sums must be equal.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import loki_index

A_STREAM = 24
"""Chunks per series: one per hour."""
SEED = 20261124


def made(folder: Path, program: str, chunks: int, *, packed: bool) -> Path:
    """Return the index of a tenant's day."""
    random = np.random.default_rng(SEED)
    streams = chunks // A_STREAM
    fingerprints = np.unique(random.integers(1, 1 << 63, streams + 64, dtype=np.uint64))[:streams]
    labels = [
        (int(number), {"service": f"service-{nth % 97}", "pod": f"pod-{nth}", "level": "info", "cluster": "main"})
        for nth, number in enumerate(fingerprints)
    ]
    rows = np.zeros(streams * A_STREAM, loki_index.RECORD)
    rows["series"] = np.repeat(np.arange(streams), A_STREAM)
    starts = np.arange(A_STREAM) * (86_400_000 // A_STREAM)
    rows["from_ms"] = 1_790_000_000_000 + np.tile(starts, streams) + random.integers(0, 9_000, len(rows))
    rows["through_ms"] = rows["from_ms"] + random.integers(1_000, 7_200_000, len(rows))
    rows["checksum"] = random.integers(0, 1 << 32, len(rows))
    rows["kb"] = random.integers(20, 1_500, len(rows))
    rows["entries"] = rows["kb"] * 8
    (file,) = loki_index.build(program, [loki_index.Table(folder, labels, rows, gzip=packed)])
    return file


def ours(file: Path, runs: int) -> dict[str, Any]:
    """Return the times of logops' reader, in the form of `loki_index.bench`."""
    from logops.tsdb import read_index

    content = file.read_bytes()
    read_index(content, file.name, "team")
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        index = read_index(content, file.name, "team")
        seconds.append(time.perf_counter() - started)
    entries = index.entries()
    names = ("fingerprint", "from_ms", "through_ms", "kb", "entries", "checksum")
    total = sum(int(entries[name].to_numpy().astype(np.uint64).sum(dtype=np.uint64)) for name in names)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    return {"chunks": len(entries), "sum": total % (1 << 64), "seconds": seconds, "peak_rss": peak}


def theirs(program: str, file: Path, runs: int) -> dict[str, Any]:
    output = loki_index.bench(program, file, runs)
    parts = [output[name] for name in ("unpack", "open", "for_series") if output[name]]
    return {**output, "seconds": [sum(times) for times in zip(*parts, strict=True)]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=4_800_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.file:
        print(json.dumps(ours(options.file, options.runs)))
        return
    console = Console()
    program = loki_index.program()
    with tempfile.TemporaryDirectory(prefix="logops-benchmark-") as folder:
        for packed in (False, True):
            with console.status("Loki builds the file"):
                file = made(Path(folder), program, options.chunks, packed=packed)
            runs_of: dict[str, list[dict[str, Any]]] = {"Loki": [], "logops": []}
            with console.status("reading"):
                for _ in range(options.rounds):
                    runs_of["Loki"].append(theirs(program, file, options.runs))
                    command = (
                        sys.executable,
                        "-m",
                        "benchmarks.index_reading",
                        "--file",
                        str(file),
                        "--runs",
                        str(options.runs),
                    )
                    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                    runs_of["logops"].append(json.loads(output))
            show(console, file, runs_of)


def show(console: Console, file: Path, runs_of: dict[str, list[dict[str, Any]]]) -> None:
    chunks = {one["chunks"] for runs in runs_of.values() for one in runs}
    sums = {one["sum"] for runs in runs_of.values() for one in runs}
    if len(chunks) != 1 or len(sums) != 1:
        raise SystemExit(f"the readers do not agree: {chunks} chunks, sums {sums}")
    (count,) = chunks
    kind = "gzip" if file.suffix == ".gz" else "plain"
    table = Table(title=f"{count:,} chunks, {file.stat().st_size / 1e6:.0f} MB, {kind}; both read the same")
    for column in ("reader", "best s", "worst s", "chunks/s", "peak RSS", "ratio"):
        table.add_column(column, justify="left" if column == "reader" else "right")
    best = {name: min(min(one["seconds"]) for one in runs) for name, runs in runs_of.items()}
    for name, runs in runs_of.items():
        table.add_row(
            name,
            f"{best[name]:.3f}",
            f"{max(max(one['seconds']) for one in runs):.3f}",
            f"{count / best[name]:,.0f}",
            f"{max(one['peak_rss'] for one in runs) / 2**20:,.0f} MiB",
            f"{best['Loki'] / best[name]:.1f}x",
        )
    console.print(table)


if __name__ == "__main__":
    main()
