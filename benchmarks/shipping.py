"""Ship logs from Python: logops beside python-logging-loki, loki-logger-handler and OpenTelemetry's SDK.

    python -m benchmarks.shipping [--rounds 3] [--lines 100000] [--peers PYTHON]

Every handler logs lines of 200 bytes to a server that only acknowledges (benchmarks/shipping_server.py), each in a
process of its own (benchmarks/shipping_client.py), in turns. Best of the rounds:

speed      lines a second from the first log call until the last line has arrived
arrived    share of the lines that arrived; a handler may drop lines if its buffer is full
bytes      bytes a line on the wire
call       time of a log call at 500 calls a second: median and 99th percentile. First with 2 ms of sleep before each
           call, which then finds the processor cold. Then in bursts of 50 calls. `no-shipping` is a handler that does
           nothing: the cost of Python's logging on this machine
memory     growth of the process while it logs as fast as possible

python-logging-loki sends a request a line, so it logs 2 % of the lines. `logops ship` sends a file, as a whole command
with its start. The server's own speed is measured with requests that are ready. The peers are installed into a
temporary folder; --peers gives an interpreter that has them.
"""

import argparse
import http.client
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.shipping_server import MARK
from logops.number_text import size_text
from logops.wire import Record
from logops.wire.push import PUSH_HEADERS, encode_push

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "python-logging-loki",
    "loki-logger-handler",
    "opentelemetry-sdk",
    "opentelemetry-exporter-otlp-proto-http",
)
OWN = ("no-shipping", "logops-push", "logops-uncompressed", "logops-wal", "logops-otlp")
PEERS = ("opentelemetry", "loki-logger-handler", "python-logging-loki")
CALLS_A_SECOND = 500
SECONDS = 4
TIMEOUT_S = 300
BASE = "logops-push"

Figures = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--peers", metavar="PYTHON", help="an interpreter that has the peers")
    options = parser.parse_args()
    results: dict[str, list[Figures]] = {name: [] for name in (*OWN, *PEERS)}
    ship_rates, loads = [], []
    with tempfile.TemporaryDirectory(prefix="logops-shipping-") as folder, running_server() as address:
        # The clients' write-ahead logs go there too, and are removed with it.
        os.environ["TMPDIR"] = folder
        peers = options.peers or install_peers(Path(folder))
        file = write_lines(Path(folder), options.lines * 4)
        imports = import_s("import logops.shipping", Path(folder)) - import_s("pass", Path(folder))
        alone = max(server_rate(address) for _ in range(options.rounds))
        for _ in range(options.rounds):
            loads.append(os.getloadavg()[0])
            for name in results:
                python = peers if name in PEERS else sys.executable
                lines = options.lines // 50 if name == "python-logging-loki" else options.lines
                results[name].append(measure(python, name, address, lines))
            ship_rates.append(ship_rate(address, file, options.lines * 4))
    show({name: best(rounds) for name, rounds in results.items()})
    print(f"`logops ship` of {options.lines * 4:,} lines: {max(ship_rates):,.0f} lines a second, its start included.")
    print(f"Importing logops.shipping: {imports * 1000:.0f} ms of processor time, beyond an empty interpreter.")
    print(f"The server alone: {alone:,.0f} lines a second.")
    print(f"Load of the machine: {min(loads):.1f} to {max(loads):.1f} on {os.cpu_count()} cores.")


@contextmanager
def running_server() -> Iterator[str]:
    """Yield the address of the server, which runs in a separate process."""
    command = [sys.executable, "-m", "benchmarks.shipping_server"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.terminate()


def install_peers(folder: Path) -> str:
    """Install the peers' newest versions. Return their interpreter."""
    python = folder / "peers" / "bin" / "python"
    uv = [sys.executable, "-m", "uv", "--quiet"]
    subprocess.run([*uv, "venv", "--python", sys.executable, folder / "peers"], check=True)
    subprocess.run([*uv, "pip", "install", "--python", python, *PACKAGES], check=True)
    return str(python)


def measure(python: str, name: str, address: str, lines: int) -> Figures:
    """Run both measurements of a handler."""
    return client(python, name, address, "speed", lines) | client(
        python, name, address, "calls", CALLS_A_SECOND, SECONDS
    )


def client(python: str, name: str, address: str, mode: str, *numbers: int) -> Figures:
    command = [python, str(ROOT / "benchmarks" / "shipping_client.py"), name, address, mode, *map(str, numbers)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    if ended.returncode != 0:
        raise SystemExit(f"Measuring {name}: exit status {ended.returncode}:\n{ended.stderr}")
    figures: Figures = json.loads(ended.stdout)
    if mode == "speed":
        figures["line_bytes"] = figures["sent_bytes"] / max(1.0, figures["arrived"])
        figures["arrived"] /= numbers[0]
    return figures


def best(rounds: list[Figures]) -> Figures:
    """Return the best speed, share and call times, and the largest memory."""
    highest = {name: max(figures[name] for figures in rounds) for name in ("rate", "memory_bytes")}
    # The lowest share: a loss is no noise of the machine.
    calls = ("median_s", "p99_s", "burst_median_s", "burst_p99_s")
    lowest = {name: min(figures[name] for figures in rounds) for name in (*calls, "arrived", "line_bytes")}
    return highest | lowest


def write_lines(folder: Path, lines: int) -> Path:
    file = folder / "lines.log"
    with file.open("w") as output:
        output.writelines(f"{f'{MARK.decode()} order {number} is paid '.ljust(199, '.')}\n" for number in range(lines))
    return file


def ship_rate(address: str, file: Path, lines: int) -> float:
    """Return the lines a second of `logops ship`. Fails if a line was not acknowledged."""
    command = [sys.executable, "-c", "from logops.cli import main; main()", "ship", "--url", address, str(file)]
    started = time.perf_counter()
    ended = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=TIMEOUT_S)
    seconds = time.perf_counter() - started
    if ended.returncode != 0 or json.loads(ended.stdout)["sent"] != lines:
        raise SystemExit(f"logops ship: exit status {ended.returncode}:\n{ended.stderr}")
    return lines / seconds


def import_s(statement: str, folder: Path) -> float:
    """Return the smallest processor time of ten new interpreters that run a statement. Modules are compiled before."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    variables["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
    times = []
    for _ in range(10):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", statement], env=variables, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def server_rate(address: str) -> float:
    """Return the lines a second that the server acknowledges if a request is ready."""
    lines = 4000
    line = MARK.decode().ljust(200, ".")
    body = encode_push([Record(time.time_ns(), line, (("service", "shop"),), ()) for _ in range(lines)])
    connection = http.client.HTTPConnection(address.removeprefix("http://"))
    requests = 200
    started = time.perf_counter()
    for _ in range(requests):
        connection.request("POST", "/loki/api/v1/push", body, dict(PUSH_HEADERS))
        connection.getresponse().read()
    seconds = time.perf_counter() - started
    connection.close()
    return requests * lines / seconds


def show(figures: dict[str, Figures]) -> None:
    columns = ("lines a second", f"of {BASE}", "arrived", "bytes", "call, median", "p99", "in a burst", "p99", "memory")
    table = Table("handler", *columns)
    base = figures[BASE]["rate"]
    for name, found in figures.items():
        ships = name != "no-shipping"
        table.add_row(
            name,
            f"{found['rate']:,.0f}" if ships else "-",
            f"{found['rate'] / base:.1%}" if ships else "-",
            f"{found['arrived']:.1%}" if ships else "-",
            f"{found['line_bytes']:,.0f}" if ships else "-",
            *(f"{found[name] * 1e6:,.0f} us" for name in ("median_s", "p99_s", "burst_median_s", "burst_p99_s")),
            size_text(int(found["memory_bytes"])),
        )
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
