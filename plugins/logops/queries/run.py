"""Run a query of the library."""

from dataclasses import dataclass

from logops.clients.loki import Entry, LokiClient, Series, Statistics
from logops.logql.refused import refusals
from logops.logql.text import one_line
from logops.logql.tree import LogQuery, Query

MAX_POINTS = 11_000
"""Points per series. Loki refuses more."""


@dataclass(frozen=True)
class LogLines:
    """The answer to a log query, newest line first."""

    entries: tuple[Entry, ...]
    limit: int
    statistics: Statistics


@dataclass(frozen=True)
class Numbers:
    """The answer to a metric query."""

    series: tuple[Series, ...]
    statistics: Statistics


def run_query(
    client: LokiClient,
    tenant: str,
    query: Query,
    start_ns: int,
    end_ns: int,
    step_s: int,
    limit: int,
    fresh: bool = False,
) -> LogLines | Numbers:
    """Run a query over start <= timestamp < end, with `step_s` seconds between points.

    fresh   bypass Loki's results cache

    Raises LokiError.
    """
    text = one_line(query)
    if isinstance(query, LogQuery):
        # A query that Loki will refuse is sent as it is, so that Loki says why.
        refused = next(refusals(query), None) is not None
        entries, statistics = client.measured_logs(
            tenant, text, start_ns, end_ns, limit=limit, fresh=fresh, labels_apart=not refused
        )
        return LogLines(tuple(entries), limit, statistics)
    series, statistics = client.measured_range(tenant, text, start_ns, end_ns, step_s, fresh=fresh)
    return Numbers(tuple(series), statistics)
