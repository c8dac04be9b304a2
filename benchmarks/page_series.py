"""Measure time, memory and size of the parts of the page about ingestion, queries and rollouts, with a year of results.

    python -m benchmarks.page_series

writes the results of 100 sources, 50 tenants and the whole query library into a temporary folder, and makes each part
in a process of its own. Of kinds that the parts read for some days only, older days are not written.
"""

import argparse
import gzip
import math
import random
import resource
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from statistics import median
from tempfile import TemporaryDirectory

import pyarrow as pa

from logops.benchmark.measure.cases import Mode
from logops.environment import Environment, load_environment
from logops.findings.kinds import INGESTED_SOURCES, INGESTED_TENANTS, INGESTION_HISTORY, QUERY_NIGHTS
from logops.findings.store import ResultsStore
from logops.queries.library import load_library
from logops.render import Files
from logops.report.section import EVERYTHING
from logops.rollout import Approval, Plan, RolloutOutcome, RolloutResult, plan_stage, recorded, write_plan, write_record
from logops.toolchain import project_root

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ENVIRONMENT = "big"
PARTS = ("ingestion", "queries", "rollouts")
QUARTERS_PER_DAY = 96
READ_DAYS = 5
"""Days of the results of ingestion that the page reads, and one more."""


def environment(sources: int, tenants: int) -> Environment:
    """Return an environment with many sources, made of the one for `make up`."""
    folder = project_root() / "include/environments"
    local = load_environment(folder / "local.yaml")
    template = next(iter(local.sources.values()))
    many = {
        f"source-{number:03d}": template.model_copy(
            update={"tenant": f"tenant-{number % tenants:02d}", "owner": f"team-{number % 12}"}
        )
        for number in range(sources)
    }
    return local.model_copy(update={"name": ENVIRONMENT, "sources": many})


def write_year(store: ResultsStore, days: int, sources: int, tenants: int) -> None:
    """Write the results that the parts read."""
    for back in range(days, -1, -1):
        day = (NOW - timedelta(days=back)).date()
        write_nights(store, day)
        if back % 3 == 1:
            write_rollout(store, day)
        if back < READ_DAYS:
            write_history(store, day, sources)
            for number in range(QUARTERS_PER_DAY):
                as_of = datetime.combine(day, datetime.min.time(), UTC) + timedelta(minutes=15 * number + 7)
                if as_of <= NOW:
                    write_quality_run(store, as_of, sources, tenants)


def write_history(store: ResultsStore, day: date, sources: int) -> None:
    chance = random.Random(day.toordinal())
    midnight = datetime.combine(day, datetime.min.time(), UTC)
    rows = []
    for number in range(sources):
        for quarter in range(QUARTERS_PER_DAY):
            start = midnight + timedelta(minutes=15 * quarter)
            if start >= NOW:
                break
            usual = 900 * (1 + 0.5 * math.sin(quarter / 15)) * (1 + number % 7)
            state, lines = "inside", int(usual * chance.gauss(1, 0.05))
            if chance.random() < 0.01:
                state, lines = chance.choice([("silent", 0), ("low", lines // 3), ("high", lines * 3)])
            band = {"lower": usual * 0.8, "upper": usual * 1.2}
            rows.append({"source": f"source-{number:03d}", "start": start, "lines": lines, "state": state, **band})
    table = pa.Table.from_pylist([{"environment": ENVIRONMENT, **row} for row in rows])
    store.write(INGESTION_HISTORY, ENVIRONMENT, table, midnight)


def write_quality_run(store: ResultsStore, as_of: datetime, sources: int, tenants: int) -> None:
    run = f"scheduled__{as_of.isoformat()}"
    base = {"environment": ENVIRONMENT, "run": run, "as_of": as_of, "cluster": "main"}
    rows = [
        {
            **base,
            "source": f"source-{number:03d}",
            "owner": f"team-{number % 12}",
            "tenant": f"tenant-{number % tenants:02d}",
            "lines": 27_000,
            "bytes": 5_400_000,
            "streams": 12,
            "unparsable": number % 3,
            "last_line": as_of - timedelta(seconds=4),
            "verdict": "ok",
            "band": "40 to 80/min",
            "window_s": 1800,
        }
        for number in range(sources)
    ]
    store.write(INGESTED_SOURCES, f"{ENVIRONMENT}.{run}", pa.Table.from_pylist(rows), as_of)
    counts = {"received": 60_000, "refused": 3, "copies": 40, "stored": 59_957, "missing": 0, "missing_share": 0.0}
    delivered = [
        {**base, "tenant": f"tenant-{number:02d}", "since": as_of - timedelta(minutes=15), "note": "", **counts}
        for number in range(tenants)
    ]
    store.write(INGESTED_TENANTS, f"{ENVIRONMENT}.{run}", pa.Table.from_pylist(delivered), as_of)


def write_nights(store: ResultsStore, day: date) -> None:
    """Write a night of the benchmark: every query in both modes over three ranges."""
    chance = random.Random(day.toordinal())
    began = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=3)
    slower_since = datetime(2026, 11, 25, 3, tzinfo=UTC)
    rows = []
    for place, (name, query) in enumerate(load_library(project_root()).items()):
        is_slower = place == 3 and began >= slower_since
        for range_s in (query.range.value // 1000, 21_600, 86_400):
            for mode in Mode:
                seconds = (0.05 + 0.02 * place) * chance.lognormvariate(0, 0.05) * (2 if is_slower else 1)
                is_promised = mode is Mode.WARM and range_s * 1000 == query.range.value
                rows.append(
                    {
                        "query": name,
                        "range_s": range_s,
                        "mode": str(mode),
                        "cluster": "main",
                        "began": began,
                        "setup": "c1",
                        "typical_s": seconds,
                        "p95_s": 1.2 * seconds,
                        "objective_s": query.objective.p95.value / 1000 if is_promised else None,
                        "usual_s": 0.05 + 0.02 * place,
                        "ratio": 2.0 if is_slower else None,
                        "text": "2.00 times for 4 nights" if is_slower else "as usual, 5% noise",
                        "missed": [],
                        "failures": [],
                        "why": "It reads 2.1 times as many chunks." if is_slower else "",
                        "slower_since": slower_since if is_slower else None,
                        "faster_since": None,
                    }
                )
    run = f"scheduled__{began.isoformat()}"
    columns = pa.schema([("ratio", pa.float64()), ("objective_s", pa.float64())])
    moments = pa.timestamp("us", tz="UTC")
    table = pa.Table.from_pylist([{"environment": ENVIRONMENT, "run": run, "as_of": began, **row} for row in rows])
    for field in (*columns, pa.field("slower_since", moments), pa.field("faster_since", moments)):
        place = table.schema.get_field_index(field.name)
        table = table.set_column(place, field, table[field.name].cast(field.type))
    for name in ("missed", "failures"):
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, table[name].cast(pa.list_(pa.string())))
    store.write(QUERY_NIGHTS, f"{ENVIRONMENT}.{run}", table, began)


def write_rollout(store: ResultsStore, day: date) -> None:
    began = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=10)
    before, after = (
        Files(
            {
                f"loki/{name}.yaml": "".join(f"key_{line}: {value if line % 9 == 0 else 0}\n" for line in range(300))
                for name in ("main", "tenants")
            }
        )
        for value in (day.day, day.day + 1)
    )
    plan = Plan(ENVIRONMENT, (plan_stage("loki", before, after),), made_at=began)
    run = f"manual__{began.isoformat()}"
    result = RolloutResult(ENVIRONMENT, RolloutOutcome.ROLLED_OUT, {}, ("loki",), {})
    write_plan(store, plan, run)
    write_record(
        store, recorded(plan, result, run, began, Approval(plan.digest, "ada", began, "airflow", "Ada"), began)
    )


def measure(part: str, folder: str, sources: int, tenants: int) -> None:
    """Print the figures of a part: the first time, and the median of later ones."""
    module = import_module(f"logops.report.sections.{part}")
    store, declared = ResultsStore(folder), environment(sources, tenants)
    wall_s, cpu_s = [], []
    for _ in range(6):
        wall, cpu = time.perf_counter(), time.process_time()
        body = module.section(module.read(store, declared, NOW), EVERYTHING).body
        wall_s.append(time.perf_counter() - wall)
        cpu_s.append(time.process_time() - cpu)
    memory_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{part}: first {wall_s[0]:.2f} s ({cpu_s[0]:.2f} s of CPU), then {median(wall_s[1:]):.2f} s "
        f"({median(cpu_s[1:]):.2f} s of CPU); {len(gzip.compress(body.encode())) / 1000:.0f} kB gzipped; "
        f"peak {memory_mib:.0f} MiB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--sources", type=int, default=100)
    parser.add_argument("--tenants", type=int, default=50)
    parser.add_argument("--part", choices=PARTS, help="measure this part in this process; needs --folder")
    parser.add_argument("--folder", help="results that an earlier run wrote")
    arguments = parser.parse_args()
    if arguments.part:
        measure(arguments.part, arguments.folder, arguments.sources, arguments.tenants)
        return
    with TemporaryDirectory() as folder:
        write_year(ResultsStore(folder), arguments.days, arguments.sources, arguments.tenants)
        same = ["--sources", str(arguments.sources), "--tenants", str(arguments.tenants), "--folder", folder]
        for part in PARTS:
            subprocess.run([sys.executable, "-m", "benchmarks.page_series", "--part", part, *same], check=True)


if __name__ == "__main__":
    main()
