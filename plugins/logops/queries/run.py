"""Runs a query of the library."""

from dataclasses import dataclass

from logops.clients.loki import Entry, LokiClient
from logops.clients.loki.answers import Series, Statistics
from logops.logql.refused import refusals
from logops.logql.text import one_line
from logops.logql.tree import LogQuery, Query

MAX_POINTS = 11_000
"""Of one series; Loki refuses more."""


@dataclass(frozen=True)
class Lines:
    """What a log query answered, newest first."""

    entries: tuple[Entry, ...]
    limit: int
    statistics: Statistics


@dataclass(frozen=True)
class Numbers:
    """What a metric query answered."""

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
) -> Lines | Numbers:
    """Over start <= timestamp < end, `step_s` seconds between points; `fresh`: past Loki's cache of results.

    Raises LokiError.
    """
    text = one_line(query)
    if isinstance(query, LogQuery):
        # What Loki will refuse is asked so that it says why.
        refused = next(refusals(query), None) is not None
        entries, statistics = client.measured_logs(
            tenant, text, start_ns, end_ns, limit=limit, fresh=fresh, labels_apart=not refused
        )
        return Lines(tuple(entries), limit, statistics)
    series, statistics = client.measured_range(tenant, text, start_ns, end_ns, step_s, fresh=fresh)
    return Numbers(tuple(series), statistics)
