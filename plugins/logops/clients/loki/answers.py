"""Decode Loki's answers to queries.

Format: Loki docs, reference/loki-http-api (query, query_range, series, labels). Log queries use the encoding flag
`categorize-labels` (pkg/util/httpreq/encoding_flags.go), which keeps the stream's labels, the structured metadata
and the parsed labels apart. Without it, Loki mixes all three.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import uuid4

from logops.clients.loki.entries import Entry
from logops.errors import LogopsError

CATEGORIZE_LABELS = {"X-Loki-Response-Encoding-Flags": "categorize-labels"}


PAST_THE_CACHE = {"Cache-Control": "no-cache"}
"""Loki then neither reads nor writes its results cache (pkg/querier/queryrange/codec.go). But it forgets this for
queries that it splits by time (splitters.go, Loki 3.7), which is nearly every query: see `unlike_any_before`."""


def unlike_any_before(logql: str) -> str:
    """Return the same query with a unique comment: results are cached by a query's text."""
    return f"{logql} # {uuid4().hex}"


class Direction(StrEnum):
    """The end of the range at which a limited log query starts."""

    FORWARD = "forward"
    BACKWARD = "backward"


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a metric query."""

    labels: Mapping[str, str]
    timestamp_ns: int
    value: float


@dataclass(frozen=True, slots=True)
class Series:
    """The values of one label set over time, oldest first."""

    labels: Mapping[str, str]
    points: tuple[tuple[int, float], ...]
    """(nanoseconds since the epoch, value)"""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Loki's statistics of a query (pkg/logqlmodel/stats/stats.proto). Seconds and bytes."""

    exec_seconds: float
    queue_seconds: float
    """Sum over all parts of the query: more than `exec_seconds` if many parts waited in parallel."""
    bytes_processed: int
    """Uncompressed, without structured metadata."""
    lines_processed: int
    chunks: int
    """Downloaded from the store or a cache."""
    cached_chunks: int
    """Found in the chunk cache."""
    cached_results: int
    """Entries found in the results cache."""
    splits: int
    shards: int


class UnexpectedAnswerError(LogopsError, ValueError):
    """The answer does not have the expected shape."""


def entries(answer: object, direction: Direction) -> list[Entry]:
    """Return the lines of a log query, all streams merged in the order of `direction`.

    Lines of one stream with the same timestamp keep Loki's order. Raises UnexpectedAnswerError.
    """
    lines = [_entry(stream["stream"], value) for stream in _result(answer, "streams") for value in stream["values"]]
    lines.sort(key=_timestamp, reverse=direction is Direction.BACKWARD)
    return lines


def samples(answer: object) -> list[Sample]:
    """Return the values of an instant metric query. Raises UnexpectedAnswerError."""
    return [
        Sample(item["metric"], _nanoseconds(item["value"][0]), float(item["value"][1]))
        for item in _result(answer, "vector")
    ]


def series(answer: object) -> list[Series]:
    """Return the values of a metric query over a range. Raises UnexpectedAnswerError."""
    return [
        Series(item["metric"], tuple((_nanoseconds(at), float(value)) for at, value in item["values"]))
        for item in _result(answer, "matrix")
    ]


def statistics(answer: object) -> Statistics:
    """Return the statistics in an answer; zeros if there are none. Raises UnexpectedAnswerError."""
    data = _body(answer).get("data")
    stats = data.get("stats", {}) if isinstance(data, dict) else {}
    summary, cache = stats.get("summary", {}), stats.get("cache", {})
    querier = stats.get("querier", {}).get("store", {})
    ingester = stats.get("ingester", {}).get("store", {})
    return Statistics(
        exec_seconds=float(summary.get("execTime", 0)),
        queue_seconds=float(summary.get("queueTime", 0)),
        bytes_processed=int(summary.get("totalBytesProcessed", 0)),
        lines_processed=int(summary.get("totalLinesProcessed", 0)),
        chunks=int(querier.get("totalChunksDownloaded", 0)) + int(ingester.get("totalChunksDownloaded", 0)),
        cached_chunks=int(cache.get("chunk", {}).get("entriesFound", 0)),
        cached_results=sum(
            int(cache.get(kind, {}).get("entriesFound", 0))
            for kind in ("result", "instantMetricResult", "volumeResult", "labelResult", "seriesResult")
        ),
        splits=int(summary.get("splits", 0)),
        shards=int(summary.get("shards", 0)),
    )


def label_values(answer: object) -> list[str]:
    """Return the names or values in an answer about labels. Loki omits `data` if there are none."""
    return [str(item) for item in _body(answer).get("data") or []]


def label_sets(answer: object) -> list[dict[str, str]]:
    """Return the streams in an answer about series."""
    return [{str(name): str(value) for name, value in item.items()} for item in _body(answer).get("data") or []]


def _entry(labels: Mapping[str, str], value: list[Any]) -> Entry:
    categories = value[2] if len(value) > 2 else {}
    metadata = categories.get("structuredMetadata", {})
    return Entry(int(value[0]), labels, value[1], metadata, categories.get("parsed", {}))


def _result(answer: object, expected: str) -> list[Any]:
    data = _body(answer).get("data")
    kind = data.get("resultType") if isinstance(data, dict) else None
    if kind != expected:
        raise UnexpectedAnswerError(f"expected a result of type {expected}, got {kind}: {_KIND_OF_QUERY[expected]}")
    return list(data["result"] or []) if isinstance(data, dict) else []


def _body(answer: object) -> dict[str, Any]:
    if not isinstance(answer, dict) or answer.get("status") != "success":
        raise UnexpectedAnswerError(f"expected an object with status success, got {str(answer)[:200]}")
    return answer


def _timestamp(entry: Entry) -> int:
    return entry.timestamp_ns


def _nanoseconds(seconds: float) -> int:
    """Loki writes the times of samples as seconds with at most three decimals."""
    return round(seconds * 1000) * 1_000_000


_KIND_OF_QUERY = {
    "streams": 'this call takes a log query, such as {job="nginx"}',
    "vector": 'this call takes a metric query, such as count_over_time({job="nginx"}[1h])',
    "matrix": 'this call takes a metric query, such as count_over_time({job="nginx"}[1h])',
}
