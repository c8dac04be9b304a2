"""Check the ingestion of a healthy environment for an hour. There must be no finding.

    python -m benchmarks.quality_hour [--minutes 60] [--every 60]

Runs `local` in a temporary folder. Sample lines are written all the time, as after `make up`. A quality run starts
every minute instead of every 15 minutes, with the environment's own window. It is recorded, so each run is compared
with the run before. Exit 1: there was a finding.
"""

import argparse
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

from rich.console import Console

from benchmarks.temporary_environment import fresh_environment, running_in_a_temporary_folder
from logops.findings.store import ResultsStore
from logops.platforms.local import LocalPlatform
from logops.quality.request import quality_request
from logops.quality.run import QualityResult, run_quality
from logops.render import STAGES
from logops.samples.live_feed import feed
from logops.toolchain import ensure


def checked(platform: LocalPlatform, store: ResultsStore | None) -> QualityResult:
    """Run the check as the DAG does. None: record nothing."""
    now = datetime.now(UTC)
    request = quality_request(platform.environment, run=f"minute-{now:%H%M%S}", as_of=now, now=now)
    return run_quality(platform, request, store, lambda _: None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--every", type=float, default=60, metavar="SECONDS", help="between two runs")
    options = parser.parse_args()
    console = Console(soft_wrap=True)
    ensure()
    found: Counter[str] = Counter()
    with running_in_a_temporary_folder(fresh_environment("quality-hour")) as platform:
        for stage in STAGES:
            platform.apply(stage, platform.desired()[stage], "quality-hour", console.print)
        folder: Path = platform.state
        stop = Event()
        Thread(
            target=feed, args=(platform.environment, platform.write_line, folder / "samples", stop), daemon=True
        ).start()
        while any(not row.lines for row in checked(platform, None).rows):
            stop.wait(1)
        store = ResultsStore(str(folder / "results"))
        end = time.monotonic() + options.minutes * 60
        runs = 0
        while time.monotonic() < end:
            started = time.monotonic()
            result = checked(platform, store)
            runs += 1
            console.print(
                f"{result.as_of:%H:%M:%S}  {result.headline}, {time.monotonic() - started:.1f} s", highlight=False
            )
            for finding in result.findings:
                found[finding.cls.name] += 1
                console.print(
                    f"    {finding.cls.name} {finding.subject}: {finding.message}", highlight=False, markup=False
                )
            stop.wait(max(0.0, options.every - (time.monotonic() - started)))
        stop.set()
    counts = ", ".join(f"{count} {name}" for name, count in found.items()) or "no finding"
    console.print(f"{runs} runs in {options.minutes:g} minutes: {counts}")
    raise SystemExit(1 if found else 0)


if __name__ == "__main__":
    main()
