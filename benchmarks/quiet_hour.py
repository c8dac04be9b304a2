"""Audit a healthy cluster for an hour of ingestion, compaction, retention and tiering. There must be no finding.

    python -m benchmarks.quiet_hour [--minutes 60]

Runs `local` in a temporary folder, with 120 days of history. Chunks are cut after minutes instead of hours, and the
compactor works every minute. Lines come all the time: new lines through the agents, and old lines whose retention ends
within the hour. So chunks are written, tiered, expired and deleted while they are audited. All three audits run every
minute, with the environment's own grace periods. Exit 1: there was a finding.
"""

import argparse
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

from rich.console import Console

from benchmarks.temporary_environment import fresh_environment, running_in_a_temporary_folder
from logops.audit.report.result import AuditResult
from logops.audit.request import AuditRequest, Check
from logops.audit.run import run_audit
from logops.clients.loki import Entry, LokiClient
from logops.environment import Environment
from logops.environment.units import Duration
from logops.findings.store import ResultsStore
from logops.lifecycle.accounts import run_policies
from logops.platforms.local import LocalPlatform
from logops.platforms.platform import ingester_urls
from logops.render import STAGES
from logops.samples import history_fill as history
from logops.samples.live_feed import feed
from logops.samples.settle import settle
from logops.toolchain import ensure

DAYS = 120


def busy(environment: Environment) -> Environment:
    """Return the environment with chunks that are cut after minutes."""
    clusters = {
        name: cluster.model_copy(
            update={
                "ingester": cluster.ingester.model_copy(
                    update={"chunk_idle_period": Duration("1m"), "max_chunk_age": Duration("5m")}
                )
            }
        )
        for name, cluster in environment.clusters.items()
    }
    return environment.model_copy(update={"clusters": clusters})


def push_old(platform: LocalPlatform, stop: Event) -> None:
    """Push lines that are past their retention some minutes after they are stored, one stream per minute."""
    for minute in range(1_000_000):
        for name, cluster in platform.environment.clusters.items():
            with LokiClient(platform.write_url(name)) as client:
                for tenant, declared in cluster.tenants.items():
                    keep = timedelta(milliseconds=declared.retention.keep.value)
                    moment = datetime.now(UTC) - keep + timedelta(minutes=20)
                    start = int(moment.timestamp() * 1e9)
                    lines = [Entry(start + nth, {"job": f"old-{minute % 7}"}, f"line {nth}") for nth in range(50)]
                    client.push(tenant, lines)
        if stop.wait(60):
            return


def audited(platform: LocalPlatform, store: ResultsStore) -> AuditResult:
    now = datetime.now(UTC)
    run_policies(platform, now, lambda _: None)
    return run_audit(platform, AuditRequest(tuple(Check), f"minute-{now:%H%M%S}", now), store, lambda _: None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    options = parser.parse_args()
    console = Console()
    ensure()
    found: Counter[str] = Counter()
    with running_in_a_temporary_folder(busy(fresh_environment("quiet"))) as platform:
        for stage in STAGES:
            platform.apply(stage, platform.desired()[stage], "quiet-hour", console.print)
        wanted = history.missing(None, False, DAYS, datetime.now(UTC))
        assert wanted is not None
        folder: Path = platform.state
        with console.status("pushing history"):
            history.fill(
                history.destinations(platform.environment),
                platform.history_writer,
                wanted,
                folder / "history",
                lambda lines, share: None,
            )
        settle(platform, ingester_urls(platform), console.print)
        stop = Event()
        for work in (
            (feed, (platform.environment, platform.write_line, folder / "samples", stop)),
            (push_old, (platform, stop)),
        ):
            Thread(target=work[0], args=work[1], daemon=True).start()
        store = ResultsStore(str(folder / "results"))
        end = time.monotonic() + options.minutes * 60
        audits = 0
        seen: set[str] = set()
        while time.monotonic() < end:
            started = time.monotonic()
            outcome = audited(platform, store)
            audits += 1
            seen |= {row.table for row in outcome.rows}
            chunks = sum(row.chunks for row in outcome.rows)
            phases = Counter(row.phase.value for row in outcome.rows)
            console.print(
                f"{outcome.as_of:%H:%M:%S}  {chunks:,} chunks, {len(outcome.rows)} rows "
                f"({', '.join(f'{count} {phase}' for phase, count in phases.items())}), "
                f"{len(outcome.findings)} findings, {time.monotonic() - started:.1f} s",
                highlight=False,
            )
            for one in outcome.findings:
                found[one.cls.name] += 1
                console.print(f"    {one.cls.name} {one.subject}: {one.message}", highlight=False, markup=False)
            stop.wait(max(0.0, 60 - (time.monotonic() - started)))
        stop.set()
    console.print(f"{audits} audits in {options.minutes:g} minutes, {len(seen)} tables: {sum(found.values())} findings")
    raise SystemExit(1 if found else 0)


if __name__ == "__main__":
    main()
