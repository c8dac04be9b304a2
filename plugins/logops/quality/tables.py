"""Results of a quality run as Arrow tables, and the counters of the run before, read back."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from logops.environment import Environment
from logops.findings import Run
from logops.findings.kinds import INGESTED_LINES, INGESTED_SOURCES, INGESTION_COUNTERS
from logops.findings.store import NothingStoredError, ResultsStore
from logops.quality.counters import Counter, Earlier
from logops.quality.measured import Cost, Measured
from logops.quality.request import QualityRequest
from logops.quality.summary import SourceRow

if TYPE_CHECKING:
    import pyarrow as pa

_OLDEST_EARLIER = timedelta(days=1)
_NEWEST_COUNTERS = f"""
SELECT as_of, cluster, process, started, name, map_entries(labels) AS labels, value FROM "{INGESTION_COUNTERS}"
WHERE environment = $environment AND as_of < $as_of
QUALIFY as_of = max(as_of) OVER ()
"""


def write_results(
    store: ResultsStore,
    environment: Environment,
    request: QualityRequest,
    measured: Measured,
    rows: Sequence[SourceRow],
) -> None:
    """Write what a run measured: lines by bucket, a row per source, and counters. Raises StoreUnreachableError."""
    run = f"{environment.name}.{request.run}"
    store.write(INGESTED_LINES, run, lines_table(environment, request, measured), request.as_of)
    store.write(INGESTED_SOURCES, run, sources_table(environment, request, rows, measured.cost), request.as_of)
    if request.reads_counters:
        store.write(INGESTION_COUNTERS, run, counters_table(environment, request, measured), request.as_of)


def lines_table(environment: Environment, request: QualityRequest, measured: Measured) -> "pa.Table":
    """Return one row per source and bucket. A bucket that was not counted has no row; 0 lines is a row."""
    import pyarrow as pa

    text = pa.string()
    moment = pa.timestamp("s", tz="UTC")
    schema = pa.schema(
        {
            "environment": text,
            "run": text,
            "as_of": moment,
            "cluster": text,
            "tenant": text,
            "source": text,
            "bucket_end": moment,
            "bucket_s": pa.int32(),
            "lines": pa.int64(),
        }
    )
    rows = [
        {
            "environment": environment.name,
            "run": request.run,
            "as_of": request.as_of,
            "cluster": environment.sources[name].cluster,
            "tenant": environment.sources[name].tenant,
            "source": name,
            "bucket_end": end,
            "bucket_s": request.bucket_s,
            "lines": count,
        }
        for name, measure in measured.sources.items()
        for end, count in (measure.lines or {}).items()
    ]
    return pa.Table.from_pylist(rows, schema=schema)


def sources_table(
    environment: Environment, request: QualityRequest, rows: Sequence[SourceRow], cost: Cost
) -> "pa.Table":
    """Return one row per source, each with the cost of the whole run."""
    import pyarrow as pa

    text, count = pa.string(), pa.int64()
    schema = pa.schema(
        {
            "environment": text,
            "run": text,
            "as_of": pa.timestamp("s", tz="UTC"),
            "source": text,
            "owner": text,
            "cluster": text,
            "tenant": text,
            "lines": count,
            "bytes": count,
            "streams": count,
            "unparsable": count,
            "last_line": pa.timestamp("s", tz="UTC"),
            "verdict": text,
            "window_s": pa.int32(),
            "cost_queries": count,
            "cost_bytes": count,
            "cost_limit_bytes": count,
        }
    )
    base = {
        "environment": environment.name,
        "run": request.run,
        "as_of": request.as_of,
        "window_s": request.window_s,
        "cost_queries": cost.queries,
        "cost_bytes": cost.bytes,
        "cost_limit_bytes": cost.limit_bytes,
    }
    return pa.Table.from_pylist([{**base, **row.to_dict()} for row in rows], schema=schema)


def counters_table(environment: Environment, request: QualityRequest, measured: Measured) -> "pa.Table":
    """Return one row per counter of a process."""
    import pyarrow as pa

    text = pa.string()
    schema = pa.schema(
        {
            "environment": text,
            "run": text,
            "as_of": pa.timestamp("s", tz="UTC"),
            "cluster": text,
            "process": text,
            "started": pa.float64(),
            "name": text,
            "labels": pa.map_(text, text),
            "value": pa.float64(),
        }
    )
    rows = [
        {
            "environment": environment.name,
            "run": request.run,
            "as_of": request.as_of,
            "cluster": counter.cluster,
            "process": counter.process,
            "started": counter.started,
            "name": counter.name,
            "labels": list(counter.labels),
            "value": counter.value,
        }
        for counter in measured.counters
    ]
    return pa.Table.from_pylist(rows, schema=schema)


def read_earlier(store: ResultsStore, environment: Environment, as_of: datetime) -> Earlier | None:
    """Return the counters of the newest run before `as_of`, at most a day old; None: there is none.

    Raises StoreUnreachableError.
    """
    try:
        rows = store.query(
            INGESTION_COUNTERS,
            _NEWEST_COUNTERS,
            first=(as_of - _OLDEST_EARLIER).astimezone(UTC).date(),
            last=as_of.astimezone(UTC).date(),
            parameters={"environment": environment.name, "as_of": as_of},
        ).to_pylist()
    except NothingStoredError:
        return None
    if not rows:
        return None
    counters = [
        Counter(
            row["cluster"],
            row["process"],
            row["started"],
            row["name"],
            tuple((entry["key"], entry["value"]) for entry in row["labels"]),
            row["value"],
        )
        for row in rows
    ]
    return Earlier(rows[0]["as_of"], counters)


def read_rows(store: ResultsStore, run: Run) -> tuple[list[SourceRow], int, Cost]:
    """Return the rows of a recorded run, the length of its window in seconds, and its cost.

    Raises StoreUnreachableError, NothingStoredError.
    """
    day = run.as_of.astimezone(UTC).date()
    found = store.query(
        INGESTED_SOURCES,
        f'SELECT * FROM "{INGESTED_SOURCES}" WHERE environment = $environment AND run = $run',
        first=day,
        last=day,
        parameters={"environment": run.environment, "run": run.id},
    ).to_pylist()
    if not found:
        return [], 0, Cost(0)
    rows = [SourceRow(**{field.name: row[field.name] for field in fields(SourceRow)}) for row in found]
    first = found[0]
    return rows, first["window_s"], Cost(first["cost_limit_bytes"], first["cost_queries"], first["cost_bytes"])
