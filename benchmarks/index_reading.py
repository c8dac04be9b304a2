"""Read an index file: logops' reader, with every checksum, against Loki's own Go reader.

    python -m benchmarks.index_reading

The file is written by Loki's builder: V3, 4.8 million chunks. Both readers read it from memory, in turns, in processes
of their own. Loki opens the file and walks every series with its chunks (ForSeries, as its compactor does); it stores
nothing and checks the checksums of the series that it meets. logops runs `read_index`, to Arrow columns, with every
checksum of the file. Both add up all numbers of all chunks, which is not timed. The sums must be equal.

An audit reads four tables at once, so logops is also measured with four files at once: the time of one is a quarter.
Loki's reader uses one core, and logops both. So the table has processor time too, which says more on a busy machine.
Loki's is that of its process, in proportion to the timed steps.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
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


def ours(file: Path, runs: int, at_once: int) -> dict[str, Any]:
    """Return the times of logops' reader for each file, in the form of `loki_index.bench`."""
    from logops.tsdb import Index, read_index

    content = file.read_bytes()

    def read(_: int) -> Index:
        return read_index(content, file.name, "team")

    read(0)
    seconds, cpu_seconds = [], []
    with ThreadPoolExecutor(at_once) as threads:
        for _ in range(runs):
            started, cpu_started = time.perf_counter(), time.process_time()
            index, *_others = threads.map(read, range(at_once))
            seconds.append((time.perf_counter() - started) / at_once)
            cpu_seconds.append((time.process_time() - cpu_started) / at_once)
            del _others
    entries = index.entries()
    names = ("fingerprint", "from_ms", "through_ms", "kb", "entries", "checksum")
    total = sum(int(entries[name].to_numpy().astype(np.uint64).sum(dtype=np.uint64)) for name in names)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    return {
        "chunks": len(entries),
        "sum": total % (1 << 64),
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "peak_rss": peak,
    }


def theirs(program: str, file: Path, runs: int) -> dict[str, Any]:
    started = _children_cpu()
    output = loki_index.bench(program, file, runs)
    # It reads the file once more, to warm up.
    cpu_s = (_children_cpu() - started) / (runs + 1)
    parts = [output[name] for name in ("unpack", "open", "for_series") if output[name]]
    timed = sum(map(sum, parts)) / (sum(map(sum, parts)) + sum(output["chunk_refs"]))
    return {**output, "seconds": [sum(times) for times in zip(*parts, strict=True)], "cpu_seconds": [cpu_s * timed]}


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=4_800_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--at-once", type=int, default=1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.file:
        print(json.dumps(ours(options.file, options.runs, options.at_once)))
        return
    console = Console()
    program = loki_index.program()
    with tempfile.TemporaryDirectory(prefix="logops-benchmark-") as folder:
        for packed in (False, True):
            with console.status("Loki builds the file"):
                file = made(Path(folder), program, options.chunks, packed=packed)
            runs_of: dict[str, list[dict[str, Any]]] = {"Loki": [], "logops": [], "logops, 4 files at once": []}
            with console.status("reading"):
                for _ in range(options.rounds):
                    runs_of["Loki"].append(theirs(program, file, options.runs))
                    runs_of["logops"].append(_apart(file, options.runs, 1))
                    runs_of["logops, 4 files at once"].append(_apart(file, options.runs, 4))
            show(console, file, runs_of)


def _apart(file: Path, runs: int, at_once: int) -> dict[str, Any]:
    options = ("--file", str(file), "--runs", str(runs), "--at-once", str(at_once))
    command = (sys.executable, "-m", "benchmarks.index_reading", *options)
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def show(console: Console, file: Path, runs_of: dict[str, list[dict[str, Any]]]) -> None:
    chunks = {one["chunks"] for runs in runs_of.values() for one in runs}
    sums = {one["sum"] for runs in runs_of.values() for one in runs}
    if len(chunks) != 1 or len(sums) != 1:
        raise SystemExit(f"the readers do not agree: {chunks} chunks, sums {sums}")
    (count,) = chunks
    kind = "gzip" if file.suffix == ".gz" else "plain"
    table = Table(title=f"{count:,} chunks, {file.stat().st_size / 1e6:.0f} MB, {kind}; both read the same")
    for column in ("reader", "best s", "worst s", "CPU s", "peak RSS", "ratio", "CPU ratio"):
        table.add_column(column, justify="left" if column == "reader" else "right")
    best = {name: min(min(one["seconds"]) for one in runs) for name, runs in runs_of.items()}
    cpu = {name: min(min(one["cpu_seconds"]) for one in runs) for name, runs in runs_of.items()}
    for name, runs in runs_of.items():
        table.add_row(
            name,
            f"{best[name]:.3f}",
            f"{max(max(one['seconds']) for one in runs):.3f}",
            f"{cpu[name]:.3f}",
            f"{max(one['peak_rss'] for one in runs) / 2**20:,.0f} MiB",
            f"{best['Loki'] / best[name]:.1f}x",
            f"{cpu['Loki'] / cpu[name]:.1f}x",
        )
    console.print(table)


if __name__ == "__main__":
    main()
