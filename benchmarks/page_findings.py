"""The page with 10,000 findings in each of 30 nights: processor time of the first page of a process, and its size.

    python -m benchmarks.page_findings

The first case is one cause: the same fault in 10,000 tables. In the second case, every finding is an entry of its own.
Processor time is what counts on a busy machine. It includes the imports, as after a start of Airflow's API server.
"""

import gzip
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryDirectory

from logops.findings import Finding, Run, Subject
from logops.findings.classes.audit import CHUNK_MISSING
from logops.findings.store import ResultsStore
from logops.toolchain import project_root

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
NIGHTS, FINDINGS, TENANTS = 30, 10_000, 50
ENVIRONMENT = "local"


def of_one_cause(number: int, as_of: datetime) -> Finding:
    table = f"loki_index_{20_000 + number // TENANTS}"
    subject = Subject(ENVIRONMENT, "main", f"tenant-{number % TENANTS:02d}", table)
    message = f"3 chunks of {table} are in the index, and missing from the bucket."
    return Finding(CHUNK_MISSING, subject, message, as_of, {"chunks": 3, "bytes": 1_234_567})


def of_its_own(number: int, as_of: datetime) -> Finding:
    subject = Subject(ENVIRONMENT, "main", path=f"chunks/{number:x}")
    return Finding(CHUNK_MISSING, subject, f"The chunk {number:x} is missing.", as_of, {"chunks": 1})


CASES: dict[str, Callable[[int, datetime], Finding]] = {"one cause": of_one_cause, "different": of_its_own}


def write(store: ResultsStore, finding: Callable[[int, datetime], Finding]) -> None:
    for back in range(NIGHTS):
        as_of = NOW - timedelta(days=back, hours=9)
        run = Run(ENVIRONMENT, "retention-audit", f"scheduled__{as_of.isoformat()}", as_of)
        store.write_findings(run, [finding(number, as_of) for number in range(FINDINGS)])


def measure(folder: str) -> None:
    """Print the figures of the first page of this process, and of the second."""
    began = time.process_time()
    from logops.environment import load_environment
    from logops.report.page import build, html
    from logops.report.section import EVERYTHING

    environment = load_environment(project_root() / f"include/environments/{ENVIRONMENT}.yaml")
    cpu_s = []
    for _ in range(2):
        document = html(build(ResultsStore(folder), environment, NOW, EVERYTHING))
        cpu_s.append(time.process_time() - began)
        began = time.process_time()
    wire = gzip.compress(document.encode(), 6)
    print(f"first page {cpu_s[0]:.2f} s of CPU, next {cpu_s[1]:.2f} s; {len(wire) / 1000:.0f} kB over the wire")


def main() -> None:
    if len(sys.argv) > 1:
        measure(sys.argv[1])
        return
    for name, finding in CASES.items():
        with TemporaryDirectory() as folder:
            write(ResultsStore(folder), finding)
            print(f"{FINDINGS:,} findings, {name}, in {NIGHTS} nights: ", end="", flush=True)
            subprocess.run([sys.executable, "-m", "benchmarks.page_findings", folder], check=True)


if __name__ == "__main__":
    main()
