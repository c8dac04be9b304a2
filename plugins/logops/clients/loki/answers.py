"""Decode Loki's answers (Loki docs, reference/loki-http-api). Pure: the outcome of a request in, typed values out.

Every function that takes an outcome raises LokiError: LokiUnreachableError or LokiTimeoutError if there is no answer,
LokiRefusedError for an error status, LokiAnswerError for an answer of another form.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from logops.clients.http.request import Failure, Outcome, Response
from logops.clients.loki.errors import LokiAnswerError, describe, failed, refused
from logops.clients.loki.metrics import Metric, parse_metrics
from logops.clients.loki.model import (
    BuildInfo,
    DeleteRequest,
    Direction,
    Entry,
    EvaluatedGroup,
    EvaluatedRule,
    IndexStats,
    Point,
    Readiness,
    RingMember,
    Series,
    Statistics,
)
from logops.errors import LogopsError

Value = TypeVar("Value")


class UnexpectedAnswerError(LogopsError, ValueError):
    """The JSON of an answer does not have the expected shape."""


def accepted(outcome: Outcome) -> Response:
    """Return the answer if its status is 2xx. Raises LokiError."""
    if isinstance(outcome, Failure):
        raise failed(outcome)
    if not outcome.is_success:
        raise refused(outcome)
    return outcome


def log_entries(outcome: Outcome, direction: Direction) -> list[Entry]:
    """Return the lines of a log query, all streams merged in the order of `direction`.

    Lines of one stream with the same timestamp keep Loki's order.
    """
    return _decoded(outcome, lambda answer: _entries(answer, direction))


def measured_entries(outcome: Outcome, direction: Direction) -> tuple[list[Entry], Statistics]:
    """Return the lines of a log query in the order of `direction`, and its statistics."""
    return _decoded(outcome, lambda answer: (_entries(answer, direction), _statistics(answer)))


def samples(outcome: Outcome) -> list[Point]:
    """Return the values of a metric query at one moment."""
    return _decoded(outcome, vector)


def measured_samples(outcome: Outcome) -> tuple[list[Point], Statistics]:
    """Return the values of a metric query at one moment, and its statistics."""
    return _decoded(outcome, lambda answer: (vector(answer), _statistics(answer)))


def series(outcome: Outcome) -> list[Series]:
    """Return the values of a metric query over a range."""
    return _decoded(outcome, _matrix)


def measured_series(outcome: Outcome) -> tuple[list[Series], Statistics]:
    """Return the values of a metric query over a range, and its statistics."""
    return _decoded(outcome, lambda answer: (_matrix(answer), _statistics(answer)))


def label_values(outcome: Outcome) -> list[str]:
    """Return the label names or the values of a label. Loki omits `data` if the list is empty."""
    return _decoded(outcome, lambda answer: [str(item) for item in _body(answer).get("data") or []])


def label_sets(outcome: Outcome) -> list[dict[str, str]]:
    """Return the label sets of streams."""
    return _decoded(
        outcome,
        lambda answer: [
            {str(name): str(value) for name, value in item.items()} for item in _body(answer).get("data") or []
        ],
    )


def index_stats(outcome: Outcome) -> IndexStats:
    """Return the size of a selector's streams. Loki answers without the usual `data`."""
    return _decoded(outcome, _index_stats)


def readiness(outcome: Outcome) -> Readiness:
    """Return whether the process is ready. It answers 503 while it is not."""
    if isinstance(outcome, Response) and outcome.status == 503:
        return Readiness(False, outcome.text.strip())
    response = accepted(outcome)
    return Readiness(response.status == 200, response.text.strip())


def ring_members(outcome: Outcome) -> list[RingMember]:
    """Return the members on a ring's page, sorted by id."""
    return _decoded(outcome, _members)


def build_info(outcome: Outcome) -> BuildInfo:
    """Return the version of the process."""
    return _decoded(outcome, _build_info)


def yaml_mapping(outcome: Outcome) -> dict[str, object]:
    """Return a page in YAML: the configuration, or the limits of a tenant."""
    response = accepted(outcome)
    doing = describe(response.request, response.base_url)
    try:
        loaded = yaml.load(response.body, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise LokiAnswerError(f"{doing}: not YAML: {error}. {_ADVICE}") from error
    if not isinstance(loaded, dict):
        raise LokiAnswerError(f"{doing}: expected YAML keys, got {response.text[:200]}. {_ADVICE}")
    return loaded


def metrics(outcome: Outcome, name: str = "") -> list[Metric]:
    """Return the metrics on the metrics page whose names start with `name`."""
    response = accepted(outcome)
    try:
        return parse_metrics(response.text, name)
    except ValueError as error:
        raise LokiAnswerError(f"{describe(response.request, response.base_url)}: {error}. {_ADVICE}") from error


def delete_requests(outcome: Outcome) -> list[DeleteRequest]:
    """Return the delete requests, oldest first."""
    return _decoded(outcome, _delete_requests)


def rule_groups(outcome: Outcome) -> dict[str, object]:
    """Return the stored rule groups by namespace. Loki answers 404 for a tenant without rules."""
    if isinstance(outcome, Response) and outcome.status == 404 and "no rule groups found" in refused(outcome).reason:
        return {}
    return yaml_mapping(outcome)


def evaluated_groups(outcome: Outcome) -> list[EvaluatedGroup]:
    """Return the rule groups that the ruler has loaded, with the results of their last evaluations."""
    return _decoded(outcome, _evaluated_groups)


def vector(answer: object) -> list[Point]:
    """Return the values in the JSON of a metric query at one moment, as Loki and Prometheus answer it.

    Raises UnexpectedAnswerError, LookupError, TypeError, ValueError, AttributeError or OverflowError if it has another
    shape.
    """
    return [
        Point(item["metric"], _nanoseconds(item["value"][0]), float(item["value"][1]))
        for item in _result(answer, "vector")
    ]


def _decoded(outcome: Outcome, decode: Callable[[object], Value]) -> Value:
    """Return the decoded JSON of an answer. Raises LokiError."""
    response = accepted(outcome)
    doing = describe(response.request, response.base_url)
    try:
        answer = json.loads(response.body)
    except ValueError as error:
        kind = response.header("Content-Type") or "no content type"
        raise LokiAnswerError(f"{doing}: expected JSON, got {kind}: {response.first_words[:300]}. {_ADVICE}") from error
    try:
        return decode(answer)
    except UnexpectedAnswerError as error:
        raise LokiAnswerError(f"{doing}: {error}") from error
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise LokiAnswerError(f"{doing}: not the JSON that Loki gives there. {_ADVICE}") from error


_ADVICE = "Is this the address of a Loki 3.7, and does its -target serve that path?"


def _entries(answer: object, direction: Direction) -> list[Entry]:
    lines = [_entry(stream["stream"], value) for stream in _result(answer, "streams") for value in stream["values"]]
    lines.sort(key=_timestamp, reverse=direction is Direction.BACKWARD)
    return lines


def _matrix(answer: object) -> list[Series]:
    return [
        Series(item["metric"], tuple((_nanoseconds(at), float(value)) for at, value in item["values"]))
        for item in _result(answer, "matrix")
    ]


def _statistics(answer: object) -> Statistics:
    """Return the statistics in an answer; zeros if it contains no statistics."""
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


class _Shard(BaseModel):
    id: str
    state: str
    address: str
    timestamp: datetime
    zone: str = ""


class _RingPage(BaseModel):
    """A ring's status page as JSON (dskit ring/ring_http.go)."""

    shards: list[_Shard] | None = Field(...)
    now: datetime


def _members(answer: object) -> list[RingMember]:
    try:
        page = _RingPage.model_validate(answer)
    except ValidationError as error:
        got = f"an object with {sorted(answer)}" if isinstance(answer, Mapping) else type(answer).__name__
        raise UnexpectedAnswerError(f"expected a ring's page, got {got}") from error
    return [
        RingMember(shard.id, shard.state, shard.address, page.now - shard.timestamp, shard.zone)
        for shard in page.shards or []
    ]


def _build_info(answer: object) -> BuildInfo:
    """Format: pkg/loki/version_handler.go."""
    if not isinstance(answer, dict) or not isinstance(answer.get("version"), str):
        raise UnexpectedAnswerError(f"expected an object with a version, got {str(answer)[:200]}")
    return BuildInfo(answer["version"], str(answer.get("revision", "")), str(answer.get("goVersion", "")))


_DELETE_REQUESTS = TypeAdapter(list[DeleteRequest])


def _delete_requests(answer: object) -> list[DeleteRequest]:
    """Format: pkg/compactor/deletion/request_handler.go; DeleteRequest in deletionproto/types.proto."""
    try:
        return _DELETE_REQUESTS.validate_python(answer or [])
    except ValidationError as error:
        raise UnexpectedAnswerError(f"expected a list of delete requests, got {type(answer).__name__}") from error


def _evaluated_groups(answer: object) -> list[EvaluatedGroup]:
    groups: list[dict[str, Any]] = _body(answer)["data"]["groups"]
    return [EvaluatedGroup(group["file"], group["name"], tuple(map(_rule, group["rules"]))) for group in groups]


def _rule(rule: dict[str, Any]) -> EvaluatedRule:
    return EvaluatedRule(
        rule["name"],
        rule["health"],
        rule.get("lastError") or "",
        datetime.fromisoformat(rule["lastEvaluation"]),
    )


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


def _index_stats(answer: object) -> IndexStats:
    if not isinstance(answer, dict):
        raise UnexpectedAnswerError(f"expected an object, got {str(answer)[:200]}")
    return IndexStats(*(int(answer[name]) for name in ("streams", "chunks", "entries", "bytes")))


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
