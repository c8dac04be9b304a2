"""Measure time and memory of the page's parts about tables and storage, with a year of nightly results of 50 tenants.

    python -m benchmarks.page_tables FOLDER

writes the results into FOLDER, if it does not have them yet, and makes each part in a process of its own. Processor
time is what counts on a busy machine.
"""

import argparse
import gzip
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from logops.audit.policy.phase import Table, next_of
from logops.audit.policy.retention import declared_rules, tiering, windows
from logops.audit.report.recorded import phases_table
from logops.audit.report.result import TableRow
from logops.environment import Environment, load_environment
from logops.findings import Finding, Run, Subject
from logops.findings.classes.audit import CHUNK_MISSING, TIER_TOO_WARM
from logops.findings.kinds import HOLDINGS, TABLE_PHASES
from logops.findings.store import ResultsStore
from logops.report import state
from logops.report.section import EVERYTHING, SectionModule
from logops.report.sections import storage, tables
from logops.toolchain import project_root

NAME = "big"
NIGHT = datetime(2026, 11, 28, 3, tzinfo=UTC)
NOW = NIGHT + timedelta(hours=3)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_MS = 86_400_000
PARTS: dict[str, SectionModule] = {"tables": tables, "storage": storage}
SECURITY_TENANTS = 5


def environment(tenants: int, kept_days: int) -> Environment:
    """Return the environment of `make up` with many tenants, which keep their logs for long."""
    local = load_environment(project_root() / "include/environments/local.yaml")
    clusters = {}
    for name, count in (("main", tenants - SECURITY_TENANTS), ("security", SECURITY_TENANTS)):
        cluster = local.clusters[name]
        tenant = next(iter(cluster.tenants.values()))
        keep = tenant.retention.model_validate({"hot": "30d", "then": "Cool", "keep": f"{kept_days}d"})
        many = {f"{name}-{number:02d}": tenant.model_copy(update={"retention": keep}) for number in range(count)}
        clusters[name] = cluster.model_copy(update={"tenants": many})
    return local.model_copy(update={"name": NAME, "clusters": clusters})


def write_year(store: ResultsStore, declared: Environment, nights: int, kept_days: int) -> None:
    """Write what the retention audit records: statistics every night, the phases of the newest night, some findings."""
    for back in range(nights - 1, -1, -1):
        as_of = NIGHT - timedelta(days=back)
        store.write(HOLDINGS, f"{NAME}.{as_of.date()}", holdings(declared, as_of, kept_days), as_of)
        write_findings(store, as_of)
    rows = list(newest_rows(declared, kept_days))
    store.write(TABLE_PHASES, f"{NAME}.newest", phases_table(NAME, "newest", NIGHT, rows), NIGHT)


def holdings(declared: Environment, as_of: datetime, kept_days: int) -> pa.Table:
    """Return the statistics of one night: a row for each tenant and day."""
    today = (as_of.date() - EPOCH.date()).days
    owners = [(cluster, tenant) for cluster, each in declared.clusters.items() for tenant in each.tenants]
    days = np.repeat(np.arange(today - kept_days + 1, today + 1), len(owners))
    tenant_numbers = np.tile(np.arange(len(owners)), kept_days)
    chunks = 900 + (days * 7919 + tenant_numbers * 104_729) % 600
    sizes = chunks * (1_000_000 + (days * 31 + tenant_numbers) % 90_000)
    is_cool = days < today - 31
    zeros = np.zeros(len(days), np.int64)

    def by_tier(values: np.ndarray) -> pa.Array:
        columns = np.stack([zeros, np.where(is_cool, 0, values), np.where(is_cool, values, 0), zeros, zeros], 1)
        return pa.FixedSizeListArray.from_arrays(pa.array(columns.ravel()), 5).cast(pa.list_(pa.int64()))

    count = len(days)
    return pa.table(
        {
            "environment": [NAME] * count,
            "run": [f"scheduled__{as_of.isoformat()}"] * count,
            "cluster": [owners[number][0] for number in tenant_numbers],
            "table": [f"loki_index_{day}" for day in days],
            "tenant": [owners[number][1] for number in tenant_numbers],
            "as_of": pa.array([as_of] * count, pa.timestamp("us", "UTC")),
            "day_number": days,
            "period_ms": zeros + kept_days * DAY_MS,
            "chunks": chunks,
            "bytes": sizes,
            "indexed": chunks,
            "lines": chunks * 5000,
            **dict.fromkeys(("waiting", "deleting", "young"), zeros),
            "first_ms": days * DAY_MS,
            "last_ms": (days + 1) * DAY_MS - 1,
            "written_ms": (days + 1) * DAY_MS,
            "tier_chunks": by_tier(chunks),
            "tier_bytes": by_tier(sizes),
        }
    )


def newest_rows(declared: Environment, kept_days: int) -> Iterator[TableRow]:
    """Return the tables of the newest night."""
    for row in holdings(declared, NIGHT, kept_days).to_pylist():
        cluster = declared.clusters[row["cluster"]]
        rules, tiers = declared_rules(cluster)[row["tenant"]], tiering(cluster)[row["tenant"]]
        table = Table(row["day_number"], None, row["indexed"], row["tier_chunks"][1] == 0, row["written_ms"])
        step = next_of(table, rules, tiers, windows(cluster, declared.audit), int(NIGHT.timestamp() * 1000))
        start = EPOCH + timedelta(days=row["day_number"])
        yield TableRow(
            cluster=row["cluster"],
            table=row["table"],
            day=row["day_number"],
            tenant=row["tenant"],
            phase=step.phase,
            action=step.action,
            due=None if step.due_ms is None else EPOCH + timedelta(milliseconds=step.due_ms),
            files=1,
            chunks=row["chunks"],
            bytes=row["bytes"],
            tier_chunks=tuple(row["tier_chunks"]),
            findings=0,
            first_expires=start + timedelta(days=kept_days),
            last_expires=start + timedelta(days=kept_days + 1),
        )


def write_findings(store: ResultsStore, as_of: datetime) -> None:
    """Write a night with a few wrong tables, as on a platform where somebody must act."""
    today = (as_of.date() - date(1970, 1, 1)).days
    findings = [
        Finding(
            cls, Subject(NAME, "main", tenant=f"main-{number:02d}", table=f"loki_index_{today - back}"), text, as_of
        )
        for number, back, cls, text in (
            (3, 40, CHUNK_MISSING, "3 chunks that the index lists are not in the bucket."),
            (7, 57, TIER_TOO_WARM, "12 chunks are in Hot and should be in Cool."),
            (7, 58, TIER_TOO_WARM, "9 chunks are in Hot and should be in Cool."),
        )
    ]
    store.write_findings(Run(NAME, "retention-audit", f"scheduled__{as_of.isoformat()}", as_of), findings)


def measure(store: ResultsStore, declared: Environment, part: str) -> dict[str, object]:
    """Make a part twice: a new process first loads its libraries."""
    module = PARTS[part]
    figures: dict[str, object] = {"part": part}
    # The first part of a page reads this for all parts.
    platform = state.read(store, declared, NOW)
    for attempt in ("first", "again"):
        began, began_cpu = time.perf_counter(), time.process_time()
        data = module.read(store, declared, NOW)
        read_cpu = time.process_time()
        section = module.section(data, *([platform] if module is tables else []), EVERYTHING)
        body = section.body.encode()
        figures |= {
            f"{attempt}, s": round(time.perf_counter() - began, 2),
            f"{attempt}, processor s to read": round(read_cpu - began_cpu, 2),
            f"{attempt}, processor s to make": round(time.process_time() - read_cpu, 2),
        }
    return {
        **figures,
        "body, kB": len(body) // 1000,
        "gzip, kB": len(gzip.compress(body, 6)) // 1000,
        "memory, MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tenants", type=int, default=50)
    parser.add_argument("--nights", type=int, default=365)
    parser.add_argument("--kept-days", type=int, default=365)
    parser.add_argument("--part", choices=PARTS, help="measure only this part, in this process")
    options = parser.parse_args()
    store = ResultsStore(str(options.folder))
    declared = environment(options.tenants, options.kept_days)
    if options.part:
        print(json.dumps(measure(store, declared, options.part)))
        return
    if not store.days(TABLE_PHASES):
        write_year(store, declared, options.nights, options.kept_days)
    for part in PARTS:
        subprocess.run([sys.executable, "-m", "benchmarks.page_tables", *sys.argv[1:], "--part", part], check=True)


if __name__ == "__main__":
    main()
