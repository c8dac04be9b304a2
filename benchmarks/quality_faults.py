"""Make faults of arriving logs for real, one after the other, and count the quality runs until each is reported.

    python -m benchmarks.quality_faults [--every 30] [--cut 120] [--only NAME]

Runs `local` in a temporary folder, with the sample lines of `make up` and the environment's own expectations. A
quality run starts every 30 seconds over the last minute, instead of every 15 minutes over the last 30. A fault lasts
until it is reported. The next one begins when no finding is left. Prints for each fault the finding, its run, and what
else was reported. Exit 1: a fault was not reported within two runs, another finding was listed beside it, or lines are
missing after the network was cut.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Event, Thread

from rich.console import Console

from benchmarks.temporary_environment import fresh_environment, running_in_a_temporary_folder
from logops.clients.loki import LokiClient, nanoseconds
from logops.environment import Environment
from logops.environment.units import Duration
from logops.findings import Finding
from logops.findings.store import ResultsStore
from logops.platforms.local import LocalPlatform
from logops.quality.request import quality_request
from logops.quality.run import run_quality
from logops.render import STAGES
from logops.samples.live_feed import feed
from logops.toolchain import ensure
from tests.support.ingestion_faults import (
    AGENT,
    application,
    changed_agent,
    impatient,
    killed,
    limited,
    network_of_agent,
    with_first_stage,
)

WITHIN = 2
"""Runs after which a fault must be reported."""
MOST_RUNS = 4
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
"""Has the form of a token, and opens nothing."""


def with_short_buckets(environment: Environment) -> Environment:
    quality = environment.quality.model_copy(update={"bucket": Duration("10s")})
    return environment.model_copy(update={"quality": quality})


@dataclass
class Proof:
    """The runs on one environment."""

    platform: LocalPlatform
    store: ResultsStore
    every_s: float
    window: str = "1m"
    next_run: float = field(default_factory=time.monotonic)

    def run(self) -> tuple[Finding, ...]:
        """Run the check at its time, and return its findings."""
        time.sleep(max(0.0, self.next_run - time.monotonic()))
        self.next_run = time.monotonic() + self.every_s
        now = datetime.now(UTC)
        environment = self.platform.environment
        request = quality_request(environment, run=f"run-{now:%H%M%S}", as_of=now, now=now, window=self.window)
        return run_quality(self.platform, request, self.store, lambda _: None).findings

    def wait_until_healthy(self) -> None:
        self.window = "1m"
        while self.run():
            pass

    @contextmanager
    def writing(self, line: Callable[[int], str], every_s: float = 0.5) -> Iterator[None]:
        """Write a line of the source application again and again."""
        stop = Event()

        def write() -> None:
            for number in count():
                self.platform.write_line("application", line(number))
                if stop.wait(every_s):
                    return

        writer = Thread(target=write)
        writer.start()
        try:
            yield
        finally:
            stop.set()
            writer.join()


@dataclass(frozen=True)
class Fault:
    """A fault, the class that reports it, and how it is made."""

    name: str
    cls: str
    make: Callable[[Proof], AbstractContextManager[object]]


@contextmanager
def flooded(proof: Proof) -> Iterator[None]:
    with changed_agent(proof.platform, impatient), limited(proof.platform, 0.1):
        proof.run()
        with proof.writing(lambda number: application(f"flood {number} {'x' * 10_000}"), 0.01):
            yield


@contextmanager
def with_stage(proof: Proof) -> Iterator[None]:
    stage = "    - drop:\n        expression: '(?i)request'\n"
    with changed_agent(proof.platform, lambda text: with_first_stage(text, stage)):
        yield


@contextmanager
def without_label(proof: Proof) -> Iterator[None]:
    with changed_agent(proof.platform, lambda text: text.replace("        service: null\n", "", 1)):
        yield


@contextmanager
def shipped_twice(proof: Proof) -> Iterator[None]:
    def with_second_job(text: str) -> str:
        start, end = text.index("  # Source application"), text.index("  # Source access")
        job = text[start:end].replace("job_name: application", "job_name: second")
        return text[:end] + job.replace("        job:", "        copy: second\n        job:") + text[end:]

    with changed_agent(proof.platform, with_second_job):
        yield


@contextmanager
def late(proof: Proof) -> Iterator[None]:
    # The lines must be in the window.
    proof.window = "15m"
    proof.run()
    with proof.writing(lambda number: application(f"late {number}", datetime.now(UTC) - timedelta(minutes=10))):
        yield


@contextmanager
def with_token(proof: Proof) -> Iterator[None]:
    proof.platform.write_line("application", application(f"login with {TOKEN}"))
    yield


FAULTS = (
    # Its window is longer, so it must not contain other faults.
    Fault("clock 10 minutes late", "clock-skew", late),
    Fault("agent killed", "agent-down", lambda proof: killed(proof.platform, AGENT)),
    Fault("source flooded until Loki refuses", "samples-discarded", flooded),
    Fault("stage that should not be there", "lines-lost", with_stage),
    Fault("token in a line", "secret-in-logs", with_token),
    Fault("label dropped", "labels-unexpected", without_label),
    Fault("lines sent twice", "duplicates", shipped_twice),
    Fault(
        "half of the lines broken JSON",
        "lines-unparsable",
        lambda proof: proof.writing(lambda number: application(f"broken {number}")[:-9]),
    ),
    Fault(
        "label that explodes",
        "cardinality-growing",
        lambda proof: proof.writing(lambda number: application("many", service=f"pod-{number}"), 0.05),
    ),
)


def reported(proof: Proof, fault: Fault, console: Console) -> bool:
    """Make a fault, and print what is reported. Return whether it was reported in time, and nothing else with it."""
    others: list[Finding] = []
    found: Finding | None = None
    runs = 0
    with fault.make(proof):
        while found is None and runs < MOST_RUNS:
            runs += 1
            findings = proof.run()
            others += [finding for finding in findings if finding.cls.name != fault.cls]
            found = next((finding for finding in findings if finding.cls.name == fault.cls), None)
    text = f"run {runs}\n    {found.cls.name}: {found.message}" if found else "not reported"
    console.print(f"{fault.name}: {text}", highlight=False, markup=False)
    for other in others:
        console.print(f"    beside it: {other.cls.name}: {other.message}", highlight=False, markup=False)
    return found is not None and runs <= WITHIN and not others


def cut_network(proof: Proof, seconds: float, console: Console) -> bool:
    """Cut the network for some minutes under load. Return whether every line is stored afterwards, and stays so."""
    began = datetime.now(UTC)
    written = 0

    def write(lines: int) -> None:
        nonlocal written
        for number in range(written, written + lines):
            proof.platform.write_line("application", application(f"numbered {number}"))
        written += lines

    with network_of_agent(proof.platform) as network:
        write(100)
        proof.run()
        network.cut()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            write(200)
            for finding in proof.run():
                console.print(f"    while cut: {finding.cls.name}: {finding.message}", highlight=False)
        network.repair()
        # The agent pauses before it sends again, and a run after that has the outage in its time.
        for finding in [each for _ in range(3) for each in proof.run()][-1:]:
            console.print(f"    after: {finding.cls.name}: {finding.message}", highlight=False)
        proof.wait_until_healthy()
    with LokiClient(proof.platform.read_url("main")) as loki:
        texts = [
            entry.text
            for entry in loki.read_all(
                "application", '{job="oversight-app"} |= "numbered"', nanoseconds(began), nanoseconds(datetime.now(UTC))
            )
        ]
    console.print(
        f"network cut for {seconds:g} s: {written} lines written, {len(texts)} stored, {len(set(texts))} different",
        highlight=False,
    )
    return len(texts) == len(set(texts)) == written


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=float, default=30, metavar="SECONDS", help="between two runs")
    parser.add_argument("--cut", type=float, default=120, metavar="SECONDS", help="without network")
    parser.add_argument("--only", metavar="NAME", help="only this fault, such as 'agent killed'")
    options = parser.parse_args()
    console = Console(soft_wrap=True)
    ensure()
    failed = False
    with running_in_a_temporary_folder(with_short_buckets(fresh_environment("quality-faults"))) as platform:
        for stage in STAGES:
            platform.apply(stage, platform.desired()[stage], "quality-faults", console.print)
        folder: Path = platform.state
        stop = Event()
        Thread(target=feed, args=(platform.environment, platform.write_line, folder / "samples", stop)).start()
        proof = Proof(platform, ResultsStore(str(folder / "results")), options.every)
        try:
            for fault in FAULTS:
                if options.only in (None, fault.name):
                    proof.wait_until_healthy()
                    failed |= not reported(proof, fault, console)
            if options.only is None:
                proof.wait_until_healthy()
                failed |= not cut_network(proof, options.cut, console)
        finally:
            stop.set()
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
