"""Measure a whole audit, from inventory and index to findings: time and memory, against pandas.

    python -m benchmarks.whole_audit --chunks 10000000
    python -m benchmarks.whole_audit --chunks 100000000 --no-pandas

The container is made from a seed (synthetic.py) with known faults. The run fails if the audit finds anything else.
pandas does the same join and expiry, as a user would write it. logops' reader reads the index for it, which is not
counted. Each runs in a process of its own; peak RSS is that of the process. CPU seconds are those of all its threads:
half of them is the limit of two cores.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks import synthetic


class FolderBucket:
    """A folder that serves as a container: it has the index, and all chunks except the missing ones."""

    def __init__(self, folder: Path, missing: frozenset[str]) -> None:
        self._folder = folder
        self._missing = missing

    def read(self, name: str, limit: int = 0) -> bytes:
        return (self._folder / name).read_bytes()

    def exists(self, names: Sequence[str]) -> list[bool]:
        return [name not in self._missing for name in names]

    def index_files(self, table: str) -> list[Any]:
        from logops.audit.survey.blob_names import index_file

        paths = (self._folder / "index" / table).rglob("*.gz")
        names = sorted(str(path.relative_to(self._folder)) for path in paths)
        found = [index_file(name, (self._folder / name).stat().st_size, 1, _modified(name)) for name in names]
        return [file for file in found if file]


def survey(folder: Path, work: Path, days: int = synthetic.DAYS) -> Any:
    """Read the inventory of a bucket and its index files into a work folder. Return the survey."""
    import pyarrow as pa

    from logops.audit.survey.containers import take_survey
    from logops.clients.blob_storage.blobs import Listing, blobs_schema
    from logops.clients.blob_storage.inventory import Manifest, blobs_in

    bucket = FolderBucket(folder / synthetic.CONTAINER, frozenset())
    manifest = Manifest.model_validate_json(next((folder / synthetic.INVENTORY).rglob("*manifest.json")).read_bytes())
    inventory: Any = FolderBucket(folder / synthetic.INVENTORY, frozenset())
    first = synthetic.day_of(synthetic.AS_OF) - days

    def batches() -> Iterator[pa.RecordBatch]:
        yield from blobs_in(inventory, manifest, synthetic.CONTAINER)
        files = [file for number in range(days) for file in bucket.index_files(f"loki_index_{first + number}")]
        rows = [
            {
                "name": file.name,
                "size": file.size,
                "tier": 1,
                "tier_changed": None,
                "modified": file.modified,
                "rehydrating": False,
            }
            for file in files
        ]
        yield pa.RecordBatch.from_pylist(rows, schema=blobs_schema())

    return take_survey(
        Listing("inventory", manifest.inventory_start_time, batches()),
        str(work),
        environment="synthetic",
        cluster="main",
        account="main",
        container=synthetic.CONTAINER,
        as_of=synthetic.AS_OF,
    )


def bucket_and_policy(folder: Path) -> tuple[FolderBucket, Any, int]:
    """Return what a bucket is judged by: itself, the policy, and DuckDB's memory in bytes."""
    from logops.audit.policy.audit_policy import AuditPolicy
    from logops.audit.policy.retention import declared_rules, default_rules, tiering, windows
    from logops.environment import Environment

    cluster = _cluster()
    assert isinstance(cluster.environment, Environment)
    own = cluster.environment.clusters["main"]
    policy = AuditPolicy(
        rules=declared_rules(own),
        default=default_rules(own),
        tiering=tiering(own),
        deletes={},
        windows=windows(own, cluster.environment.audit),
        markers=False,
    )
    missing = frozenset(json.loads((folder / "planted.json").read_text())["missing"])
    return FolderBucket(folder / synthetic.CONTAINER, missing), policy, cluster.environment.audit.memory.value


def ours(folder: Path) -> dict[str, Any]:
    """Survey and judge every table. Return the seconds of each step, and the findings."""
    from logops.audit.judge.batch import together
    from logops.audit.judge.tables import JudgeDatabase, judge_tables

    bucket, policy, memory = bucket_and_policy(folder)
    first = synthetic.day_of(synthetic.AS_OF) - synthetic.DAYS
    faults = []
    started, cpu_started = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory(prefix="logops-benchmark-") as place:
        listed = survey(folder, Path(place))
        surveyed, surveyed_cpu = time.monotonic() - started, time.process_time() - cpu_started
        with JudgeDatabase(memory) as bench:
            for days in together({first + number: listed.days[first + number] for number in range(synthetic.DAYS)}):
                tables = {day: f"loki_index_{day}" for day in days}
                faults += judge_tables(bench, listed, tables, bucket, policy).faults
        spool = sum(file.stat().st_size for file in Path(place).rglob("*") if file.is_file())
    return {
        "seconds": time.monotonic() - started,
        "cpu": time.process_time() - cpu_started,
        "survey": surveyed,
        "survey_cpu": surveyed_cpu,
        "chunks": listed.chunk_count,
        "spool": spool,
        "peak": _peak(),
        "found": {
            cls: sorted(name for fault in faults if fault.cls == cls for name in fault.sample)
            for cls in sorted({fault.cls for fault in faults})
        },
    }


class _Cluster:
    def __init__(self, environment: Any) -> None:
        self.environment = environment


def _cluster() -> _Cluster:
    """Return the cluster of `local`, with production's grace periods and the synthetic tenants."""
    from logops.environment import find_environment, load_environment
    from logops.toolchain import project_root

    local = load_environment(find_environment("local", project_root()))
    main = local.clusters["main"]
    kept = main.tenants["platform"]
    changed = main.model_copy(update={"tenants": dict.fromkeys(synthetic.TENANTS, kept)})
    return _Cluster(local.model_copy(update={"clusters": {"main": changed}}))


def pandas(folder: Path) -> dict[str, Any]:
    """Do the same with pandas, as a user would write it: everything in memory, names split by pandas, a merge."""
    import pandas as pd
    import pyarrow.parquet as pq

    from logops.tsdb import read_index

    entries = []
    read_s = 0.0
    for path in sorted((folder / synthetic.CONTAINER / "index").rglob("*.gz")):
        started = time.monotonic()
        index = read_index(path.read_bytes(), path.name, path.parent.name)
        frame = index.entries().to_pandas()
        read_s += time.monotonic() - started
        frame["tenant"] = path.parent.name
        entries.append(frame)
    started, cpu_started = time.monotonic(), time.process_time()
    indexed = pd.concat(entries, ignore_index=True)
    del entries
    listed = pd.concat(
        (pq.read_table(path).to_pandas() for path in sorted((folder / synthetic.INVENTORY).rglob("*.parquet"))),
        ignore_index=True,
    )
    parts = listed["Name"].str.extract(r"^[^/]+/([^/]+)/([0-9a-f]+)/([0-9a-f]+)-([0-9a-f]+)-([0-9a-f]+)$")
    listed["tenant"] = parts[0]
    for number, name in enumerate(("fingerprint", "from_ms", "through_ms", "checksum"), 1):
        listed[name] = parts[number].map(lambda text: int(text, 16))
    key = ["tenant", "fingerprint", "from_ms", "through_ms", "checksum"]
    joined = listed.merge(indexed, on=key, how="outer", indicator=True)
    now_ms = synthetic.AS_OF.timestamp() * 1000
    alive = now_ms - joined["through_ms"] <= 90 * 86_400_000
    age = (synthetic.AS_OF.replace(tzinfo=None) - joined["Last-Modified"]).dt.days
    found = {
        "chunk-missing": int(((joined["_merge"] == "right_only") & alive).sum()),
        "chunk-orphaned": int((joined["_merge"] == "left_only").sum()),
        "chunk-archived": int(((joined["_merge"] == "both") & (joined["AccessTier"] == "Archive")).sum()),
        "tier-too-warm": int(((joined["AccessTier"] == "Hot") & (age > 33)).sum()),
    }
    return {
        "seconds": time.monotonic() - started,
        "cpu": time.process_time() - cpu_started,
        "index_s": read_s,
        "peak": _peak(),
        "found": found,
    }


def _modified(name: str) -> int:
    return int(name.rpartition("/")[2].split("-")[0]) // 10**9


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-pandas", action="store_true")
    parser.add_argument("--bucket", type=Path, help="Folder of synthetic.py; created and kept if it is missing.")
    parser.add_argument("--only", choices=("ours", "pandas"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        print(json.dumps({"ours": ours, "pandas": pandas}[options.only](options.bucket)))
        return
    folder = options.bucket or Path(tempfile.mkdtemp(prefix="logops-bucket-"))
    console = Console()
    try:
        if not (folder / "planted.json").exists():
            with console.status(f"making a bucket of {options.chunks:,} chunks"):
                synthetic.make(folder, options.chunks)
        runs = [_apart("ours", folder) for _ in range(options.runs)]
        best = min(runs, key=lambda run: run["seconds"])
        peer = None if options.no_pandas else _apart("pandas", folder)
        _show(console, runs, best, peer)
        check(best["found"], json.loads((folder / "planted.json").read_text()))
    finally:
        if not options.bucket:
            shutil.rmtree(folder)


def _apart(which: str, folder: Path) -> dict[str, Any]:
    command = (sys.executable, "-m", "benchmarks.whole_audit", "--only", which, "--bucket", str(folder))
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def _show(console: Console, runs: list[dict[str, Any]], best: dict[str, Any], peer: dict[str, Any] | None) -> None:
    title = f"{best['chunks']:,} chunks, {psutil.cpu_count()} cores"
    table = Table("", "seconds", "CPU seconds", "peak RSS", title=title)
    peak = max(run["peak"] for run in runs)
    table.add_row("logops", _spread(run["seconds"] for run in runs), _spread(run["cpu"] for run in runs), _mib(peak))
    if peer:
        table.add_row("pandas", f"{peer['seconds']:.1f}", f"{peer['cpu']:.1f}", _mib(peer["peak"]))
    console.print(table)
    console.print(
        f"of logops: survey {best['survey']:.1f} s, {best['survey_cpu']:.1f} CPU s; spool on disk {_mib(best['spool'])}"
    )
    if peer:
        console.print(f"ratio {peer['seconds'] / best['seconds']:.1f}; pandas found {peer['found']}")
        console.print(f"pandas was given the index read: that took another {peer['index_s']:.1f} s")


def _spread(seconds: Iterable[float]) -> str:
    values = sorted(seconds)
    return f"{values[0]:.1f} to {values[-1]:.1f}"


def _mib(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"


def check(found: dict[str, list[str]], planted: dict[str, list[str]]) -> None:
    """Raise SystemExit if the findings are not exactly the planted faults."""
    classes = {
        "chunk-missing": "missing",
        "chunk-orphaned": "orphaned",
        "chunk-archived": "archived",
        "tier-too-warm": "too_warm",
    }
    wanted = {cls: planted[name] for cls, name in classes.items() if planted[name]}
    if found != wanted:
        raise SystemExit(f"found {found}\nplanted {wanted}")
    print(f"exactly the planted faults were found: { {cls: len(names) for cls, names in found.items()} }")


if __name__ == "__main__":
    main()
