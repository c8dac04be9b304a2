"""Measure time and memory of a delivery to a real Alertmanager: 10,000 findings in one run, and a month of runs.

    python -m benchmarks.alert_delivery

Each case runs in a process of its own. It fails if an alert is missing, or if the store lost a finding.
"""

import argparse
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from logops.alerts.deliver import deliver, ours
from logops.alerts.desired import MOST_ALERTS
from logops.checks.open_findings import read_open
from logops.clients.alertmanager.client import AlertmanagerClient
from logops.environment import load_environment
from logops.findings import Finding, Run, Subject
from logops.findings.classes.audit import CHUNK_MISSING
from logops.findings.store import ResultsStore
from logops.toolchain import project_root
from tests.support.alertmanagers import alertmanager
from tests.support.fakes.memory_platform import MemoryPlatform

NOW = datetime.now(UTC).replace(microsecond=0)
QUARTER_HOUR = timedelta(minutes=15)
CASES = {"10,000 findings in one run": (10_000, 1), "3 findings that stay in 2,880 runs": (3, 2_880)}


def measure(name: str) -> None:
    """Write the runs, deliver twice, and print time and memory of the second delivery."""
    findings, runs = CASES[name]
    local = load_environment(project_root() / "include/environments/local.yaml")
    with TemporaryDirectory() as folder, alertmanager(Path(folder) / "alertmanager") as running:
        store = ResultsStore(f"{folder}/results")
        for number in range(runs):
            at = NOW - QUARTER_HOUR * number
            found = [
                Finding(CHUNK_MISSING, Subject(local.name, "main", "t", f"loki_index_{table}"), "Gone.", at)
                for table in range(findings)
            ]
            store.write_findings(Run(local.name, "ingestion-quality", f"run-{number}", at), found)
        platform = MemoryPlatform(local, {})
        platform.alertmanagers = {"standard": (running.url,)}
        deliver(platform, store, NOW, lambda line: None)
        wall, processor = time.perf_counter(), time.process_time()
        deliver(platform, store, NOW, lambda line: None)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        with AlertmanagerClient(running.url) as client:
            alerts = [
                alert for alert in client.alerts(ours(local)) if ("alertname", CHUNK_MISSING.name) in alert.labels
            ]
        states = read_open(store, local.name, NOW)
        stored = next(len(state.open) for state in states if state.run.check == "ingestion-quality")
        expected = findings if findings <= MOST_ALERTS else MOST_ALERTS + 1
        if (len(alerts), stored) != (expected, findings):
            sys.exit(f"{name}: {len(alerts)} alerts instead of {expected}, {stored} stored findings of {findings}")
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{name}: {len(alerts)} alerts; {wall:.2f} s, {processor:.2f} s of processor time, {memory:.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", choices=CASES)
    case = parser.parse_args().case
    if case:
        measure(case)
        return
    for name in CASES:
        subprocess.run([sys.executable, "-m", "benchmarks.alert_delivery", "--case", name], check=True)


if __name__ == "__main__":
    main()
