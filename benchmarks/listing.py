"""List a container: the client's CPU, against azure-storage-blob's own iterator.

    python -m benchmarks.listing

A server in another process (tests/support/fakes/blob_service.py) answers List Blobs in pages of 5,000, prepared before
the clock starts. Every client lists in a process of its own. azure-storage-blob takes minutes for a million blobs, so
it lists fewer, and the ratio is that of CPU per blob. CPU is the user and system time of all threads of the client,
from the first request to the last row. The time over a network depends on the network as well.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

SERVER = Path(__file__).parents[1] / "tests/support/fakes/blob_service.py"
ACCOUNT, KEY = "fake", "a2V5"


def ours(endpoint: str) -> int:
    from logops.clients.blob_storage import AccountKey, ObjectStore

    with ObjectStore.connect(ACCOUNT, AccountKey(KEY), endpoint) as store:
        return sum(batch.num_rows for batch in store.container("loki-chunks").list().batches)


def theirs(endpoint: str) -> int:
    from azure.storage.blob import ContainerClient

    with ContainerClient(endpoint, "loki-chunks", credential={"account_name": ACCOUNT, "account_key": KEY}) as client:
        return sum(1 for _ in client.list_blobs())


CLIENTS = {"ours": ours, "sdk": theirs}


def measured(client: str, endpoint: str) -> dict[str, Any]:
    """Measure one client. logops lists once before the clock starts, so that its code is compiled and imported."""
    run = CLIENTS[client]
    if client == "sdk":
        import azure.storage.blob  # noqa: F401 - not timed
    else:
        run(endpoint)
    wall, cpu = time.perf_counter(), time.process_time()
    rows = run(endpoint)
    return {
        "rows": rows,
        "cpu": time.process_time() - cpu,
        "wall": time.perf_counter() - wall,
        "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def apart(client: str, kind: str, blobs: int) -> dict[str, Any]:
    """Measure a client in a new process, against a new server."""
    with subprocess.Popen(
        (sys.executable, SERVER, str(blobs), kind), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        endpoint = server.stdout.readline().strip()
        command = (sys.executable, "-m", "benchmarks.listing", "--client", client, "--endpoint", endpoint)
        try:
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        finally:
            server.communicate()
    results = dict(json.loads(output))
    if results["rows"] != blobs:
        raise SystemExit(f"{client} over {kind}: listed {results['rows']:,} of {blobs:,} blobs")
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blobs", type=int, default=2_000_000)
    parser.add_argument("--sdk-blobs", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--client", choices=CLIENTS, help=argparse.SUPPRESS)
    parser.add_argument("--endpoint", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        print(json.dumps(measured(options.client, options.endpoint)))
        return
    console = Console()
    runs: dict[tuple[str, str], list[dict[str, Any]]] = {("sdk", "xml"): [], ("ours", "xml"): [], ("ours", "arrow"): []}
    with console.status(""):
        for _ in range(options.rounds):
            for (client, kind), results in runs.items():
                results.append(apart(client, kind, options.sdk_blobs if client == "sdk" else options.blobs))
    best = {way: min(results, key=lambda one: one["cpu"]) for way, results in runs.items()}
    table = Table(title=f"best of {options.rounds} rounds")
    for column in ("client", "answer", "blobs", "CPU s", "worst", "blobs/CPU s", "wall s", "peak MiB", "ratio"):
        table.add_column(column, justify="left" if column in ("client", "answer") else "right")
    base = best["sdk", "xml"]["cpu"] / options.sdk_blobs
    for (client, kind), one in best.items():
        table.add_row(
            "SDK" if client == "sdk" else "logops",
            kind,
            f"{one['rows']:,}",
            f"{one['cpu']:.2f}",
            f"{max(other['cpu'] for other in runs[client, kind]):.2f}",
            f"{one['rows'] / one['cpu']:,.0f}",
            f"{one['wall']:.2f}",
            f"{one['rss']:.0f}",
            f"{base / (one['cpu'] / one['rows']):.0f}x",
        )
    console.print(table)


if __name__ == "__main__":
    main()
