"""The detector of slower queries on a real Loki, behind a proxy that delays: false alarms, and what it finds, and when.

    python benchmarks/detector_on_loki.py [--calm 40] [--month 30]

`local`, running in a temporary folder, holds an hour of sample logs. Every query of the library is measured night after
night, as the DAG does it (20 rounds, past the cache of results), as fast as one night follows another: what lies
between nights on a cluster of its own, neighbours, growth, restarts, is not in it. First nights without a step, then a
month for the false alarms. Then the proxy adds 5, 10, 20 and 50 % to the time of every answer, two nights each, held
against the same nights before.
"""

import argparse
import statistics
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests
from rich.console import Console
from rich.progress import track
from rich.table import Table

from logops.benchmark.asked import ROUNDS, Asked
from logops.benchmark.change import look
from logops.benchmark.measure import measured
from logops.benchmark.shots import Mode
from logops.loki import Entry, LokiClient
from logops.platforms.local import LocalPlatform
from logops.queries.library import load_library
from logops.render import STAGES
from logops.samples import Kind, generate
from logops.toolchain import ensure, project_root
from place import fresh_environment, running_in_a_temporary_folder

SLOWER = (0.05, 0.10, 0.20, 0.50)
FOUND_WITHIN = 2
LINES_A_MINUTE = 600.0
NO_LIMIT = 2**50


class Behind:
    """A platform, its queries behind doors."""

    def __init__(self, platform: LocalPlatform, doors: Mapping[str, "Door"]) -> None:
        self._platform = platform
        self._doors = doors

    def read_url(self, cluster: str) -> str:
        return f"http://127.0.0.1:{self._doors[cluster].server_port}"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._platform, name)


class Door(ThreadingHTTPServer):
    """Passes requests on, and holds every answer back by a share of the time it took."""

    daemon_threads = True

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), _Pass)
        self.behind = behind
        self.slower = 0.0
        self.session = requests.Session()


class _Pass(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        door = self.server
        assert isinstance(door, Door)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        started = time.perf_counter()
        answer = door.session.get(f"{door.behind}{self.path}", headers=headers, timeout=60)
        time.sleep((time.perf_counter() - started) * door.slower)
        self.send_response(answer.status_code)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_: object) -> None:
        """Nobody reads them."""


@contextmanager
def doors_before(platform: LocalPlatform) -> Iterator[dict[str, Door]]:
    doors = {cluster: Door(platform.read_url(cluster)) for cluster in platform.environment.clusters}
    for door in doors.values():
        threading.Thread(target=door.serve_forever, daemon=True).start()
    yield doors
    for door in doors.values():
        door.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calm", type=int, default=40)
    parser.add_argument("--month", type=int, default=30)
    asked = parser.parse_args()
    console = Console(width=150)
    ensure()
    with running_in_a_temporary_folder(fresh_environment("detector")) as platform:
        for stage in STAGES:
            platform.apply(stage, platform.desired()[stage], "detector", lambda _: None)
        as_of = datetime.now(UTC).replace(microsecond=0)
        push(platform, as_of)
        with doors_before(platform) as doors:
            behind = Behind(platform, doors)
            series: dict[str, list[float]] = {}
            for _ in track(range(asked.calm + asked.month), "nights", console=Console(stderr=True)):
                for query, seconds in night(behind, as_of).items():
                    series.setdefault(query, []).append(seconds)
            slow: dict[float, list[dict[str, float]]] = {}
            for slower in SLOWER:
                for door in doors.values():
                    door.slower = slower
                slow[slower] = [night(behind, as_of) for _ in range(FOUND_WITHIN)]
    tell(console, series, slow, asked.calm)


def push(platform: LocalPlatform, as_of: datetime) -> None:
    """The last hour, of every kind, into the tenant that has it."""
    kinds = {
        Kind.APPLICATION: ("main", "application"),
        Kind.ACCESS: ("main", "application"),
        Kind.SYSTEM: ("main", "platform"),
        Kind.AUDIT: ("security", "security-team"),
    }
    end = int(as_of.timestamp()) * 10**9
    for kind, (cluster, tenant) in kinds.items():
        lines = [*generate(kind, 20, end - 3600 * 10**9, end, LINES_A_MINUTE)]
        with LokiClient(platform.write_url(cluster)) as client:
            for at in range(0, len(lines), 10_000):
                client.push(
                    tenant,
                    [
                        Entry(one.timestamp_ns, one.labels, one.text, one.structured_metadata)
                        for one in lines[at : at + 10_000]
                    ],
                )


def night(platform: Behind, as_of: datetime) -> dict[str, float]:
    """The median of each query, seconds."""
    asked = Asked("night", as_of, ROUNDS, (Mode.COLD,), (), NO_LIMIT)
    times: dict[str, list[float]] = {}
    for sample in measured(platform, load_library(project_root()), asked, lambda _: None):
        if sample.round > 0:
            times.setdefault(sample.query, []).append(sample.seconds)
    return {query: statistics.median(seconds) for query, seconds in times.items()}


def tell(
    console: Console, series: dict[str, list[float]], slow: dict[float, list[dict[str, float]]], calm: int
) -> None:
    table = Table(box=None, header_style="bold")
    for column in ("query", "median", "noise", "false alarms", *(f"{slower:.0%} slower" for slower in SLOWER)):
        table.add_column(column, justify="left" if column == "query" else "right", no_wrap=True)
    found = dict.fromkeys(SLOWER, 0)
    alarmed = 0
    for query, nights in series.items():
        alarms = sum(look(nights[:end]).step is not None for end in range(calm + 1, len(nights) + 1))
        alarmed += alarms > 0
        told = []
        for slower in SLOWER:
            after = [one[query] for one in slow[slower]]
            at = next((at for at in range(1, len(after) + 1) if look([*nights, *after[:at]]).step), None)
            found[slower] += at is not None
            told.append("-" if at is None else f"night {at}")
        table.add_row(
            query, f"{statistics.median(nights) * 1000:.1f} ms", f"{look(nights).noise or 0:.1%}", str(alarms), *told
        )
    console.print(table)
    months = len(series)
    console.print(f"{alarmed} of {months} query-months had a false alarm")
    for slower in SLOWER:
        console.print(f"{slower:.0%} slower: found by night {FOUND_WITHIN} in {found[slower]} of {months} queries")


if __name__ == "__main__":
    main()
