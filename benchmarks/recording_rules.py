"""Compare the story's rate queries with the series that recording rules made of them: seconds and bytes read.

    python -m benchmarks.recording_rules [--hours 24] [--lines-a-minute 200] [--rounds 7]

One Loki in one process has sample logs of these hours, in memory where it is fastest. The expressions of the recording
rules are run on it for every minute of that time, as its ruler would have done, and written to a Prometheus. Then both
are queried for the whole time, one point per five minutes, without a results cache. Rounds take turns; a figure is the
median of the rounds. Bytes are Loki's own count of uncompressed bytes, and 16 bytes per sample that Prometheus loads.
The answers of the library's query and of the recorded series are compared point by point.
"""

import argparse
import statistics
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import requests
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from logops.clients.loki import Entry, LokiClient, LokiRefusedError, Series
from logops.logql.text import one_line
from logops.queries.fill import fill
from logops.queries.library import load_library
from logops.rules.own_loki import free_port, own_loki
from logops.rules.read import load_rules
from logops.samples import Kind, generate
from logops.toolchain import command, project_root

SEED = 20
TENANT = "application"
STEP_S = 300
RECORDED_EVERY_S = 60
BATCH_LINES = 20_000
BATCH_S = 1800
"""Span of one write. Prometheus refuses samples that are an hour older than its newest sample."""
SAMPLE_BYTES = 16
STALE = struct.pack("<Q", 0x7FF0000000000002)
"""The stale marker, which ends a series (StaleNaN in prometheus/model/value/value.go)."""
RECORDED = {
    "request-rate": "service:http_requests:rate5m",
    "error-rate": "job:log_errors:ratio_rate5m",
    "requests-by-status": "status:nginx_requests:rate5m",
}
Taken = tuple[float, int]
"""Seconds and bytes."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--lines-a-minute", type=float, default=200.0)
    parser.add_argument("--rounds", type=int, default=7)
    wanted = parser.parse_args()
    console = Console(width=120)
    end_s = int(time.time()) // STEP_S * STEP_S
    span = (end_s - wanted.hours * 3600, end_s)
    rules = {one.record: one.expr for one in load_rules(project_root())[TENANT].recordings}
    with tempfile.TemporaryDirectory() as folder, own_loki(Path(folder)) as loki, prometheus(Path(folder)) as url:
        console.print(f"pushed {push(loki, span, wanted.lines_a_minute):,} lines of {wanted.hours} hours")
        console.print(f"recorded {backfill(loki, url, rules, span):,} samples")
        table = Table(box=None, header_style="bold")
        for column in ("query", "answered by", "s", "times", "bytes", "times", "points that differ"):
            table.add_column(column, justify="left" if column in ("query", "answered by") else "right", no_wrap=True)
        library = load_library(project_root())
        for name, record in RECORDED.items():
            query = library[name]
            assert query.story is not None
            ours = one_line(fill(query, query.example))
            queries = {
                "Loki, the story's": lambda story=query.story.logql: ask_loki(loki, story, span),
                "Loki, the library's": lambda ours=ours: ask_loki(loki, ours, span),
                "Prometheus": lambda record=record: ask_prometheus(url, record, span),
            }
            figures = measured(queries, wanted.rounds)
            seconds, read = figures["Prometheus"]
            differ = differing(loki.query_range(TENANT, ours, *nanoseconds(span), STEP_S), points(url, record, span))
            for whom, taken in figures.items():
                if taken is None:
                    table.add_row(name, whom, "refused", "", "", "", "")
                    continue
                table.add_row(
                    name, whom, f"{taken[0]:.3f}", f"{taken[0] / seconds:.0f}", decimal(taken[1]),
                    f"{taken[1] / read:.0f}", f"{differ}" if whom == "Prometheus" else "",
                )  # fmt: skip
        console.print(table)


def push(client: LokiClient, span: tuple[int, int], lines_a_minute: float) -> int:
    count = 0
    for kind in (Kind.APPLICATION, Kind.ACCESS):
        lines = [*generate(kind, SEED, *nanoseconds(span), lines_a_minute)]
        for at in range(0, len(lines), BATCH_LINES):
            batch = lines[at : at + BATCH_LINES]
            client.push(
                TENANT, [Entry(one.timestamp_ns, one.labels, one.text, one.structured_metadata) for one in batch]
            )
        count += len(lines)
    return count


def backfill(client: LokiClient, url: str, rules: dict[str, str], span: tuple[int, int]) -> int:
    """Write what the rules answer at each minute of the span, oldest first. Return the number of samples."""
    answers = {
        record: client.query_range(TENANT, rules[record], *nanoseconds(span), RECORDED_EVERY_S)
        for record in RECORDED.values()
    }
    recorded = {
        record: [(one.labels, [*ended(one.points, span[1])]) for one in found] for record, found in answers.items()
    }
    for at in range(span[0], span[1] + 1, BATCH_S):
        for record, series in recorded.items():
            batch = [(labels, [one for one in samples if 0 <= one[0] - at < BATCH_S]) for labels, samples in series]
            body = pa.compress(write_request(record, batch), codec="snappy", asbytes=True)
            headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}
            requests.post(f"{url}/api/v1/write", data=body, headers=headers, timeout=60).raise_for_status()
    return sum(len(one.points) for found in answers.values() for one in found)


def ended(points: Sequence[tuple[int, float]], until_s: int) -> Iterator[tuple[int, bytes]]:
    """Return seconds and samples, with a stale marker after an evaluation without a sample.

    The ruler ends a series like this (Group.Eval in prometheus/rules/group.go). Without it, Prometheus repeats the last
    sample for five minutes.
    """
    at_s = {at // 10**9: value for at, value in points}
    for at, value in at_s.items():
        yield at, struct.pack("<d", value)
        if at + RECORDED_EVERY_S not in at_s and at < until_s:
            yield at + RECORDED_EVERY_S, STALE


def write_request(record: str, found: Iterable[tuple[dict[str, str], list[tuple[int, bytes]]]]) -> bytes:
    """Return a remote write request, version 1 (prompb/remote.proto): series of labels and samples."""
    return b"".join(
        field(
            1,
            b"".join(
                field(1, field(1, name.encode()) + field(2, value.encode()))
                for name, value in sorted({**labels, "__name__": record}.items())
            )
            + b"".join(field(2, b"\x09" + sample + b"\x10" + varint(at * 1000)) for at, sample in samples),
        )
        for labels, samples in found
    )


def field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


@contextmanager
def prometheus(folder: Path) -> Iterator[str]:
    """Start Prometheus as the local platform does."""
    url = f"127.0.0.1:{free_port()}"
    with (folder / "prometheus.log").open("w") as log:
        process = subprocess.Popen(
            [
                *command("prometheus"), "--config.file=/dev/null", f"--web.listen-address={url}",
                "--web.enable-remote-write-receiver", f"--storage.tsdb.path={folder / 'prometheus'}",
            ],
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        while not _ready(f"http://{url}/-/ready"):
            time.sleep(0.2)
        yield f"http://{url}"
    finally:
        process.terminate()
        process.wait()


def _ready(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


def measured(queries: dict[str, Callable[[], Taken]], rounds: int) -> dict[str, Taken | None]:
    taken: dict[str, list[Taken] | None] = {name: [] for name in queries}
    for at in range(rounds):
        for name in sorted(queries, reverse=at % 2 == 0):
            so_far = taken[name]
            if so_far is not None:
                try:
                    so_far.append(queries[name]())
                except LokiRefusedError:
                    taken[name] = None
    return {
        name: (statistics.median(s for s, _ in all_), int(statistics.median(b for _, b in all_))) if all_ else None
        for name, all_ in taken.items()
    }


def ask_loki(client: LokiClient, logql: str, span: tuple[int, int]) -> Taken:
    began = time.perf_counter()
    _, told = client.measured_range(TENANT, logql, *nanoseconds(span), STEP_S, fresh=True)
    return time.perf_counter() - began, told.bytes_processed


def ask_prometheus(url: str, promql: str, span: tuple[int, int]) -> Taken:
    began = time.perf_counter()
    answer = _range(url, promql, span)
    return time.perf_counter() - began, SAMPLE_BYTES * answer["stats"]["samples"]["totalQueryableSamples"]


def points(url: str, promql: str, span: tuple[int, int]) -> dict[tuple[str, int], float]:
    return {
        (_key(one["metric"]), int(at)): float(value)
        for one in _range(url, promql, span)["result"]
        for at, value in one["values"]
    }


def differing(ours: Iterable[Series], recorded: dict[tuple[str, int], float]) -> int:
    """Return the number of points that only one side has, or that differ."""
    own = {(_key(one.labels), at // 10**9): value for one in ours for at, value in one.points}
    missing = float("inf")
    return sum(
        not abs(recorded.get(key, missing) - own.get(key, missing)) <= 1e-9 for key in own.keys() | recorded.keys()
    )


def _key(labels: dict[str, str]) -> str:
    return str(sorted((name, value) for name, value in labels.items() if name not in ("__name__", "job")))


def _range(url: str, promql: str, span: tuple[int, int]) -> dict:
    params = {"query": promql, "start": span[0], "end": span[1], "step": STEP_S, "stats": "all"}
    answer = requests.get(f"{url}/api/v1/query_range", params=params, timeout=60)
    answer.raise_for_status()
    return answer.json()["data"]


def nanoseconds(span: tuple[int, int]) -> tuple[int, int]:
    return span[0] * 10**9, span[1] * 10**9


if __name__ == "__main__":
    main()
