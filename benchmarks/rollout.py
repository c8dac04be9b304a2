"""Measure how long a rollout takes: from nothing, with nothing to change, and with one changed limit.

    python -m benchmarks.rollout

Prints for each stage the seconds to apply and to verify. Programs are built before the clock starts.
"""

import time
from datetime import UTC, datetime

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.temporary_environment import fresh_environment, running_in_a_temporary_folder
from logops.platforms.platform import DeployablePlatform
from logops.rollout import apply_stage, plan, unattended, verify_stage
from logops.rollout.approval import TERMINAL
from logops.toolchain import ensure

Timing = tuple[str, float, float]


def main() -> None:
    ensure()
    console = Console()
    with running_in_a_temporary_folder(fresh_environment("rollout")) as platform:
        first = timed_rollout(platform, "first")
        second = timed_rollout(platform, "second")
        memory = sum(process.memory or 0 for process in platform.processes())
        console.print(table("from nothing to verified", first))
        console.print(table("with nothing to change", second))
        console.print(f"{len(platform.processes())} processes, {memory / 2**20:.0f} MiB resident in all")
        console.print(f"on {psutil.cpu_count()} cores")


def timed_rollout(platform: DeployablePlatform, owner: str) -> list[Timing]:
    """Plan, then apply and verify each stage that changes. Return name, seconds to apply, seconds to verify."""
    started = time.monotonic()
    wanted = plan(platform)
    approval = unattended(wanted, datetime.now(UTC), TERMINAL)
    timings: list[Timing] = [("plan", time.monotonic() - started, 0.0)]
    for stage in wanted.stages if wanted.changed else ():
        started = time.monotonic()
        apply_stage(platform, wanted, stage.stage, approval, owner, lambda _line: None)
        applied = time.monotonic()
        verify_stage(platform, stage.stage, lambda _line: None)
        timings.append((stage.stage, applied - started, time.monotonic() - applied))
    platform.release_lease(owner)
    return timings


def table(title: str, timings: list[Timing]) -> Table:
    shown = Table("stage", "apply s", "verify s", title=title, title_justify="left", box=None)
    for stage, apply_seconds, verify_seconds in timings:
        shown.add_row(stage, f"{apply_seconds:.1f}", f"{verify_seconds:.1f}" if verify_seconds else "")
    shown.add_row("total", f"{sum(sum(timing[1:]) for timing in timings):.1f}", "")
    return shown


if __name__ == "__main__":
    main()
