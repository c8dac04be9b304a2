"""Measure how fast chunks are verified: in memory beside Loki's own decoder, and in a whole content audit from Azurite.

Loki's own code writes the chunks. Both sides run in turns; each side is one thread and reads the same files into memory
first. Both verify the checksum of the blob and of every block. Loki also unpacks the names of the structured metadata.
Neither unpacks lines.

    python -m benchmarks.content_audit
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import loki_index
from benchmarks.loki_index import ChunkToWrite
from logops.chunks import verify_chunk
from logops.clients.blob_storage import AccountKey, ObjectStore
from tests.support.audit_bucket import create_bucket
from tests.support.azurites import ACCOUNT, KEY, azurite
from tests.support.content_bucket import ContentBucket

_LINES = 12_000
_TENANT = "application"
_STARTS_NS = 1_780_000_000_000_000_000


def chunks(folder: Path, count: int) -> Iterator[ChunkToWrite]:
    """Yield chunks of about 1.5 MB, the size that ingesters aim at."""
    chosen = random.Random(7)
    for number in range(count):
        start = _STARTS_NS + number * 60 * 10**9
        yield ChunkToWrite(
            folder,
            _TENANT,
            1_000 + number,
            {"service": f"service-{number}"},
            [
                (start + line * 10**6, _line(chosen), {"trace_id": f"{chosen.getrandbits(64):x}"})
                for line in range(_LINES)
            ],
        )


def _line(chosen: random.Random) -> str:
    return f"level=info msg=request id={chosen.getrandbits(256):064x} took={chosen.randrange(10_000)}ms"


def ours(folder: Path, runs: int) -> dict[str, Any]:
    """Return the seconds of each run in this process."""
    blobs = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.glob("*/*/*"))}
    seconds: list[float] = []
    entries = 0
    for run in range(-1, runs):
        started = time.perf_counter()
        entries = sum(verify_chunk(blob, name).entries for name, blob in blobs.items())
        if run >= 0:
            seconds.append(time.perf_counter() - started)
    return {
        "chunks": len(blobs),
        "bytes": sum(map(len, blobs.values())),
        "entries": entries,
        "decode": seconds,
        "peak_rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10,
    }


def from_azurite(folder: Path, rounds: int) -> tuple[int, float, float]:
    """Return the bytes, and the least seconds of a full audit, listing included, and of reading the blobs alone."""
    (folder / "azurite").mkdir()
    with azurite(folder / "azurite") as endpoint, ObjectStore.connect(ACCOUNT, AccountKey(KEY), endpoint) as store:
        bucket = ContentBucket(create_bucket(store, endpoint, "content-benchmark", folder))
        names = [path.relative_to(folder / "chunks").as_posix() for path in (folder / "chunks").glob("*/*/*")]
        for name in names:
            bucket.container.write(name, (folder / "chunks" / name).read_bytes())
        audits: list[float] = []
        reads: list[float] = []
        # The first audit compiles the reader of listings.
        for _ in range(rounds + 1):
            started = time.perf_counter()
            outcome = bucket.audit(tenant=_TENANT)
            audits.append(time.perf_counter() - started)
            if outcome.findings or outcome.chunks != len(names):
                raise SystemExit(f"the audit of healthy chunks found: {outcome.headline}")
            started = time.perf_counter()
            with ThreadPoolExecutor(16) as threads:
                size = sum(map(len, threads.map(bucket.container.read, names)))
            reads.append(time.perf_counter() - started)
    return size, min(audits[1:]), min(reads[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=64)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder:
        print(json.dumps(ours(options.folder, options.runs)))
        return
    console = Console()
    program = loki_index.program()
    with tempfile.TemporaryDirectory(prefix="logops-benchmark-") as temporary:
        folder = Path(temporary)
        with console.status("Loki writes the chunks"):
            loki_index.write_chunks(program, chunks(folder / "chunks", options.chunks))
        runs_of: dict[str, list[dict[str, Any]]] = {"Loki": [], "logops": []}
        command = (sys.executable, "-m", "benchmarks.content_audit", "--folder", str(folder / "chunks"))
        with console.status("verifying in memory"):
            for _ in range(options.rounds):
                runs_of["Loki"].append(loki_index.bench_chunks(program, folder / "chunks", options.runs))
                output = subprocess.run((*command, "--runs", str(options.runs)), check=True, capture_output=True).stdout
                runs_of["logops"].append(json.loads(output))
        show(console, runs_of)
        with console.status("auditing from Azurite"):
            size, seconds, reading = from_azurite(folder, options.rounds)
        console.print(
            f"Full audit of {size / 1e6:.0f} MB from Azurite, listing included: {size / seconds / 1e6:.0f} MB/s. "
            f"Reading the same blobs without verifying: {size / reading / 1e6:.0f} MB/s."
        )


def show(console: Console, runs_of: dict[str, list[dict[str, Any]]]) -> None:
    same = {(run["chunks"], run["bytes"], run["entries"]) for runs in runs_of.values() for run in runs}
    if len(same) != 1:
        raise SystemExit(f"the readers do not agree on chunks, bytes and lines: {same}")
    ((count, size, entries),) = same
    table = Table(title=f"{count} chunks, {size / 1e6:.0f} MB, {entries:,} lines; both counted the same lines")
    for column in ("reader", "best s", "worst s", "GB/s", "peak RSS", "ratio"):
        table.add_column(column, justify="left" if column == "reader" else "right")
    best = {name: min(min(run["decode"]) for run in runs) for name, runs in runs_of.items()}
    for name, runs in runs_of.items():
        table.add_row(
            name,
            f"{best[name]:.4f}",
            f"{max(max(run['decode']) for run in runs):.4f}",
            f"{size / best[name] / 1e9:.1f}",
            f"{max(run['peak_rss'] for run in runs) / 2**20:,.0f} MiB",
            f"{best['Loki'] / best[name]:.2f}x",
        )
    console.print(table)


if __name__ == "__main__":
    main()
