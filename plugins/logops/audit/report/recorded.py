"""The tables of an audit in the results store: written by the audit, read by the page."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from logops.audit.report.result import TableRow

if TYPE_CHECKING:
    import pyarrow as pa

    from logops.findings.store import ResultsStore

MOST_DAYS = 85
"""Days with results in which a cluster is looked for. What is older says nothing about now."""


def phases_table(environment: str, run: str, as_of: datetime, rows: Iterable[TableRow]) -> "pa.Table":
    """Return one row per table and tenant, for the kind `table-phases`. `day` is called `day_number`, because the
    store's own `day` is the run's."""
    import pyarrow as pa

    entries = [*rows]
    text, number, moment = pa.string(), pa.int64(), pa.timestamp("us", "UTC")

    def column(name: str, kind: "pa.DataType") -> "pa.Array":
        return pa.array([getattr(row, name) for row in entries], kind)

    return pa.table(
        {
            "environment": pa.array([environment] * len(entries), text),
            "run": pa.array([run] * len(entries), text),
            "as_of": pa.array([as_of.astimezone(UTC)] * len(entries), moment),
            **{name: column(name, text) for name in ("cluster", "table", "tenant")},
            "day_number": column("day", number),
            **{name: column(name, text) for name in ("phase", "action")},
            **{name: column(name, moment) for name in ("due", "first_expires", "last_expires")},
            **{name: column(name, number) for name in ("files", "chunks", "bytes")},
            "tier_chunks": column("tier_chunks", pa.list_(number)),
        }
    )


def newest_of_clusters(
    store: "ResultsStore", kind: str, environment: str, clusters: Sequence[str], until: datetime, columns: str
) -> "list[pa.Table]":
    """Return the newest rows of each cluster, from its last run until `until`. Clusters without a run have none.

    kind      one with the columns environment, cluster, run and as_of
    columns   a list in SQL, which has `cluster`

    Reads the newest day first, and earlier days only for clusters that it lacks, at most MOST_DAYS. Raises
    StoreUnreachableError.
    """
    sql = (
        'select {columns} from "{kind}" where environment = $environment and as_of <= $until and cluster in ({names})'
        " qualify run = first_value(run) over (partition by cluster order by as_of desc, run desc)"
    )
    parts: list[pa.Table] = []
    missing = [*clusters]
    days = store.days(kind, until.astimezone(UTC).date())[-MOST_DAYS:]
    width = 1
    while days and missing:
        # A parameter for each name: DuckDB then skips the files of other clusters, which a list does not allow.
        names = {f"cluster{number}": cluster for number, cluster in enumerate(missing)}
        query = sql.format(columns=columns, kind=kind, names=", ".join(f"${name}" for name in names))
        parameters = {"environment": environment, "until": until.astimezone(UTC), **names}
        part = store.query(kind, query, days[-width:][0], days[-1], parameters)
        if part.num_rows:
            parts.append(part)
            missing = [cluster for cluster in missing if cluster not in part["cluster"].unique().to_pylist()]
        days, width = days[:-width], width * 4
    return parts
