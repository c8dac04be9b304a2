"""Results of a quality run as Arrow tables, and the counters of the run before, read back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from logops.environment import Environment
from logops.environment.quality import Rate
from logops.findings import Run
from logops.findings.kinds import (
    INGESTED_LINES,
    INGESTED_SOURCES,
    INGESTED_TENANTS,
    INGESTION_COUNTERS,
    INGESTION_HISTORY,
    STORED_LINES,
)
from logops.findings.store import NothingStoredError, ResultsStore
from logops.quality.balance import EarlierStored, Owner
from logops.quality.bands import Bucket, Series, Verdict
from logops.quality.counters import Counter
from logops.quality.delivery import DeliveryRow
from logops.quality.earlier import Earlier
from logops.quality.history import HISTORY_BUCKET_S, quarter_of, quarters
from logops.quality.measured import Cost, Measured
from logops.quality.request import QualityRequest
from logops.quality.summary import SourceRow

if TYPE_CHECKING:
    import pyarrow as pa

_OLDEST_EARLIER = timedelta(days=1)
_HISTORY = timedelta(weeks=6)
"""History that is read for the learned bands. Less is enough, but holidays and weeks without a run cost some."""
_NEWEST = "environment = $environment AND as_of < $as_of QUALIFY as_of = max(as_of) OVER ()"
_EARLIER = "environment = $environment AND as_of < $as_of"
_STORED_SQL = f"""
SELECT cluster, tenant, bucket_end, arg_max(lines, as_of) AS lines, max(as_of) AS as_of FROM "{STORED_LINES}"
WHERE {_EARLIER} GROUP BY cluster, tenant, bucket_end
"""
_COUNTERS_SQL = f"""
SELECT * REPLACE (map_entries(labels) AS labels) FROM "{INGESTION_COUNTERS}"
WHERE environment = $environment AND as_of = $as_of
"""
_SHARES_SQL = f"""
SELECT cluster, tenant, missing_share FROM "{INGESTED_TENANTS}" WHERE {_EARLIER} AND missing_share IS NOT NULL
"""
_HISTORY_SQL = f"""
SELECT source, epoch(start)::BIGINT AS start_s, lines FROM "{INGESTION_HISTORY}"
WHERE environment = $environment ORDER BY source, start_s
"""


def write_results(
    store: ResultsStore,
    environment: Environment,
    request: QualityRequest,
    measured: Measured,
    rows: Sequence[SourceRow],
    deliveries: Sequence[DeliveryRow] = (),
    learned: Mapping[str, Verdict] | None = None,
) -> None:
    """Write what a run measured: lines by bucket, a row per source and tenant, and counters.

    learned   what the past weeks of each source teach

    Raises StoreUnreachableError.
    """
    run = f"{environment.name}.{request.run}"
    store.write(INGESTED_LINES, run, lines_table(environment, request, measured, learned or {}), request.as_of)
    _complete_history(store, environment, measured, learned or {})
    store.write(INGESTED_SOURCES, run, sources_table(environment, request, rows, measured.cost), request.as_of)
    if request.reads_counters:
        store.write(INGESTION_COUNTERS, run, counters_table(environment, request, measured), request.as_of)
        store.write(STORED_LINES, run, stored_table(environment, request, measured), request.as_of)
        store.write(INGESTED_TENANTS, run, tenants_table(environment, request, deliveries), request.as_of)


def lines_table(
    environment: Environment, request: QualityRequest, measured: Measured, learned: Mapping[str, Verdict]
) -> "pa.Table":
    """Return one row per source and bucket. A bucket that was not counted has no row; 0 lines is a row.

    The band is in lines per bucket; without a learned band it is the declared one. `state` is the state of the quarter
    of an hour; it is null if that quarter is not complete yet.
    """
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
            "bytes": pa.int64(),
            "owner": text,
            "expected": pa.float64(),
            "lower": pa.float64(),
            "upper": pa.float64(),
            "state": text,
        }
    )
    judged = _judged(learned)
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
            "bytes": None if measure.bytes is None else measure.bucket_bytes.get(end, 0),
            "owner": environment.sources[name].owner,
            **_band(
                environment.sources[name].expect.rate,
                judged.get(name, {}).get(quarter_of(end - timedelta(seconds=request.bucket_s))),
                request.bucket_s,
            ),
        }
        for name, measure in measured.sources.items()
        for end, count in (measure.lines or {}).items()
    ]
    return pa.Table.from_pylist(rows, schema=schema)


def _judged(learned: Mapping[str, Verdict]) -> dict[str, dict[datetime, Bucket]]:
    """Return the judged quarters of an hour of each source, by their start."""
    return {name: {bucket.start: bucket for bucket in verdict.buckets} for name, verdict in learned.items()}


def _band(declared: Rate, judged: Bucket | None, bucket_s: int) -> dict[str, float | str | None]:
    """Return the band of a bucket in lines, and its state."""
    per_minute = bucket_s / 60

    def lines(rate: float | None) -> float | None:
        return None if rate is None else rate * per_minute

    if judged is None or judged.lower is None:
        lower, upper = declared.at_least, declared.at_most
    else:
        lower, upper = judged.lower, judged.upper
    return {
        "expected": lines(judged.expected) if judged else None,
        "lower": lines(lower),
        "upper": lines(upper),
        "state": judged.state.value if judged else None,
    }


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
            "band": text,
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
    """Return one row per counter of a process. `later`: read after the stored lines were counted."""
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
            "later": pa.bool_(),
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
            "later": later,
        }
        for later, counters in ((False, measured.counters), (True, measured.later_counters))
        for counter in counters
    ]
    return pa.Table.from_pylist(rows, schema=schema)


def stored_table(environment: Environment, request: QualityRequest, measured: Measured) -> "pa.Table":
    """Return one row per tenant and minute that was counted; 0 lines is a row."""
    import pyarrow as pa

    text, moment = pa.string(), pa.timestamp("s", tz="UTC")
    schema = pa.schema(
        {
            "environment": text,
            "run": text,
            "as_of": moment,
            "cluster": text,
            "tenant": text,
            "bucket_end": moment,
            "lines": pa.int64(),
        }
    )
    base = {"environment": environment.name, "run": request.run, "as_of": request.as_of}
    rows = [
        {**base, "cluster": cluster, "tenant": tenant, "bucket_end": end, "lines": lines}
        for (cluster, tenant), counted in measured.stored.items()
        for end, lines in counted.lines.items()
    ]
    return pa.Table.from_pylist(rows, schema=schema)


def tenants_table(environment: Environment, request: QualityRequest, deliveries: Sequence[DeliveryRow]) -> "pa.Table":
    """Return one row per tenant: the lines that arrived since the run before. And one for all agents of a cluster."""
    import pyarrow as pa

    text, count, moment = pa.string(), pa.int64(), pa.timestamp("s", tz="UTC")
    schema = pa.schema(
        {
            "environment": text,
            "run": text,
            "as_of": moment,
            "cluster": text,
            "tenant": text,
            "since": moment,
            "sent": count,
            "received": count,
            "refused": count,
            "copies": count,
            "stored": count,
            "missing": count,
            "missing_share": pa.float64(),
            "note": text,
        }
    )
    base = {"environment": environment.name, "run": request.run, "as_of": request.as_of}
    return pa.Table.from_pylist([{**base, **row.to_dict()} for row in deliveries], schema=schema)


def read_earlier(store: ResultsStore, environment: Environment, as_of: datetime) -> Earlier | None:
    """Return what earlier runs measured; None: there was no run in the day before `as_of`.

    Raises StoreUnreachableError.
    """

    def rows(kind: str, sql: str, **parameters: object) -> list[dict[str, Any]]:
        try:
            stored: list[dict[str, Any]] = store.query(
                kind,
                sql,
                first=(as_of - _OLDEST_EARLIER).astimezone(UTC).date(),
                last=as_of.astimezone(UTC).date(),
                parameters={"environment": environment.name, "as_of": as_of, **parameters},
            ).to_pylist()
        except NothingStoredError:
            return []
        return stored

    sources = rows(INGESTED_SOURCES, f'SELECT * FROM "{INGESTED_SOURCES}" WHERE {_NEWEST}')
    if not sources:
        return None
    lines: dict[str, dict[datetime, int]] = {}
    for row in rows(INGESTED_LINES, f'SELECT * FROM "{INGESTED_LINES}" WHERE {_NEWEST}'):
        lines.setdefault(row["source"], {})[row["bucket_end"].astimezone(UTC)] = row["lines"]
    counters = rows(
        INGESTION_COUNTERS,
        f'SELECT * REPLACE (map_entries(labels) AS labels) FROM "{INGESTION_COUNTERS}" WHERE {_NEWEST}',
    )
    return Earlier(
        as_of=sources[0]["as_of"].astimezone(UTC),
        counters=[_counter(row) for row in counters if not row["later"]],
        streams={row["source"]: row["streams"] for row in sources if row["streams"] is not None},
        lines=lines,
        stored=_stored(rows),
        history=_series(_read_history(store, environment.name, (as_of - _HISTORY).date(), as_of.date())),
    )


def _stored(rows: Callable[..., list[dict[str, Any]]]) -> EarlierStored | None:
    """Return the counts of the newest earlier run that counted stored lines; None: there is none.

    rows   returns the rows of an SQL query over a kind of results
    """
    counts = rows(STORED_LINES, _STORED_SQL)
    if not counts:
        return None
    newest = max(row["as_of"] for row in counts)
    counters = rows(INGESTION_COUNTERS, _COUNTERS_SQL, as_of=newest)
    lines: dict[Owner, dict[datetime, int]] = {}
    for row in counts:
        lines.setdefault((row["cluster"], row["tenant"]), {})[row["bucket_end"].astimezone(UTC)] = row["lines"]
    shares: dict[Owner, list[float]] = {}
    for row in rows(INGESTED_TENANTS, _SHARES_SQL):
        shares.setdefault((row["cluster"], row["tenant"]), []).append(row["missing_share"])
    return EarlierStored(
        newest.astimezone(UTC),
        [_counter(row) for row in counters if not row["later"]],
        [_counter(row) for row in counters if row["later"]],
        lines,
        shares,
    )


def _counter(row: Mapping[str, Any]) -> Counter:
    labels = tuple((entry["key"], entry["value"]) for entry in row["labels"])
    return Counter(row["cluster"], row["process"], row["started"], row["name"], labels, row["value"])


def _complete_history(
    store: ResultsStore, environment: Environment, measured: Measured, learned: Mapping[str, Verdict]
) -> None:
    """Add the quarters of an hour that this run counted to the files of their days, with their band and state.

    A file a day, not a file a run: the learned bands read six weeks of it in every run. If two runs write at the same
    time, one of them is lost, and the next run counts the same time again.
    """
    import pyarrow as pa

    text, number = pa.string(), pa.float64()
    columns = {"environment": text, "source": text, "start": pa.timestamp("s", tz="UTC"), "lines": pa.int64()}
    schema = pa.schema({**columns, "lower": number, "upper": number, "state": text})
    judged = _judged(learned)
    counted = {
        (name, start): {
            "environment": environment.name,
            "source": name,
            "start": start,
            "lines": lines,
            **_band(environment.sources[name].expect.rate, judged.get(name, {}).get(start), HISTORY_BUCKET_S),
        }
        for name, measure in measured.sources.items()
        for start, lines in quarters(measure.lines or {}).items()
    }
    for day in sorted({start.date() for _, start in counted}):
        of_day = {
            (row["source"], row["start"].astimezone(UTC)): {name: row.get(name) for name in schema.names}
            for row in _stored_history(store, environment.name, day)
        }
        of_day |= {key: row for key, row in counted.items() if key[1].date() == day}
        rows = [of_day[key] for key in sorted(of_day)]
        midnight = datetime.combine(day, time.min, UTC)
        store.write(INGESTION_HISTORY, environment.name, pa.Table.from_pylist(rows, schema=schema), midnight)


def _stored_history(store: ResultsStore, environment: str, day: date) -> list[dict[str, Any]]:
    """Return the quarters of an hour of a day that are stored. Earlier versions stored no band."""
    sql = f'SELECT * FROM "{INGESTION_HISTORY}" WHERE environment = $environment'
    try:
        rows: list[dict[str, Any]] = store.query(
            INGESTION_HISTORY, sql, day, day, {"environment": environment}
        ).to_pylist()
    except NothingStoredError:
        return []
    return rows


def _read_history(store: ResultsStore, environment: str, first: date, last: date) -> "pa.Table | None":
    """Return the rows of some days by source and time; None: there are none."""
    try:
        return store.query(INGESTION_HISTORY, _HISTORY_SQL, first, last, {"environment": environment})
    except NothingStoredError:
        return None


def _series(table: "pa.Table | None") -> dict[str, Series]:
    """Return the lines of each source in quarters of an hour. Those that nobody counted are absent.

    table   sorted by source and time: with 100 sources, six weeks are 400,000 rows
    """
    import numpy as np

    if table is None:
        return {}
    starts_s, lines = table["start_s"].to_numpy(), table["lines"].to_numpy()
    runs = table["source"].combine_chunks().dictionary_encode()
    codes = runs.indices.to_numpy()
    series = {}
    for code, source in enumerate(runs.dictionary.to_pylist()):
        first, end = np.searchsorted(codes, [code, code + 1])
        positions = (starts_s[first:end] - starts_s[first]) // HISTORY_BUCKET_S
        counts = np.full(int(positions[-1]) + 1, np.nan)
        counts[positions] = lines[first:end]
        series[source] = Series(datetime.fromtimestamp(int(starts_s[first]), UTC), HISTORY_BUCKET_S, counts)
    return series


def read_rows(store: ResultsStore, run: Run) -> tuple[list[SourceRow], int, Cost]:
    """Return the rows of a recorded run, the length of its window in seconds, and its cost.

    Raises StoreUnreachableError, NothingStoredError.
    """
    newest = _rows_of(store, INGESTED_SOURCES, run)
    if not newest:
        return [], 0, Cost(0)
    rows = [SourceRow(**{field.name: row[field.name] for field in fields(SourceRow)}) for row in newest]
    first = newest[0]
    return rows, first["window_s"], Cost(first["cost_limit_bytes"], first["cost_queries"], first["cost_bytes"])


def read_deliveries(store: ResultsStore, run: Run) -> list[DeliveryRow]:
    """Return the sent, received and stored lines of a recorded run. Raises StoreUnreachableError."""
    try:
        rows = _rows_of(store, INGESTED_TENANTS, run)
    except NothingStoredError:
        return []
    return [DeliveryRow(**{field.name: row[field.name] for field in fields(DeliveryRow)}) for row in rows]


def _rows_of(store: ResultsStore, kind: str, run: Run) -> list[dict[str, Any]]:
    day = run.as_of.astimezone(UTC).date()
    rows: list[dict[str, Any]] = store.query(
        kind,
        f'SELECT * FROM "{kind}" WHERE environment = $environment AND run = $run',
        first=day,
        last=day,
        parameters={"environment": run.environment, "run": run.id},
    ).to_pylist()
    return rows
