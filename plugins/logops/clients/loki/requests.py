"""Build the requests of Loki's HTTP API (Loki docs, reference/loki-http-api). Pure: values in, a `Request` out.

Times are integer nanoseconds since the epoch; names that end in `_s` or `_seconds` are seconds. A tenant is sent as
X-Scope-OrgID. An empty tenant sends no header, for a Loki with auth_enabled: false. `answers` decodes the
outcome of each request.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar
from urllib.parse import quote, urlsplit

import yaml

from logops.clients.http.request import Request, params
from logops.clients.loki.errors import TENANT_HEADER, LokiError
from logops.clients.loki.model import Direction, LogLine, Ring
from logops.number_text import count_text
from logops.wire import Record
from logops.wire.push import PUSH_HEADERS, encode_push

CATEGORIZE_LABELS = ("X-Loki-Response-Encoding-Flags", "categorize-labels")
"""Loki then keeps the stream's labels, the structured metadata and the parsed labels apart
(pkg/util/httpreq/encoding_flags.go). Without this header, Loki mixes all three."""

NO_CACHE = ("Cache-Control", "no-cache")
"""Loki then neither reads nor writes its results cache (pkg/querier/queryrange/codec.go). But it forgets this for
queries that it splits by time (splitters.go, Loki 3.7), which is nearly every query: see `_with_nonce`."""

MAX_REQUEST_BYTES = 1024 * 1024
"""Bytes of lines per request: the batch size of Loki's own agents.

A distributor sends a request to each ingester as one gRPC message, at most 4 MiB by default
(server.grpc_server_max_recv_msg_size). A larger one fails with a 500, and retries do not help.
"""

Line = TypeVar("Line", bound=LogLine)


def base_address(url: str) -> str:
    """Return a Loki address without a final slash. Raises LokiError if it is invalid or contains a password."""
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise LokiError(f"The Loki address of {parts.hostname} has credentials in it: give them as auth instead.")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise LokiError(f"{url!r} is no Loki address: expected http://HOST:PORT or https://HOST:PORT.")
    if parts.query or parts.fragment:
        raise LokiError(f"The Loki address {url!r} must end before '?' and '#'.")
    return url.rstrip("/")


# Write


def batches(lines: Iterable[Line], max_bytes: int = MAX_REQUEST_BYTES) -> Iterator[list[Line]]:
    """Split `lines`, in order, into lists of at most `max_bytes` of text. A longer line is sent alone."""
    batch: list[Line] = []
    size = 0
    for line in lines:
        length = len(line.text) if line.text.isascii() else len(line.text.encode())
        if batch and size + length > max_bytes:
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += length
    if batch:
        yield batch


def push(tenant: str, lines: Sequence[LogLine]) -> Request:
    """Return the request that pushes these lines. `batches` keeps requests small enough."""
    return Request(
        f"pushing {count_text(len(lines), 'line')}",
        "/loki/api/v1/push",
        method="POST",
        headers=(*_tenant(tenant), *PUSH_HEADERS),
        body=encode_push([_record(line) for line in lines]),
    )


# Read


def query_logs(
    tenant: str,
    logql: str,
    start_ns: int,
    end_ns: int,
    *,
    limit: int,
    direction: Direction,
    nonce: str = "",
    labels_apart: bool = True,
) -> Request:
    """Return the request for at most `limit` lines of a log query over start <= timestamp < end.

    nonce         a text that no earlier query contained, to bypass the results cache; empty uses the cache
    labels_apart  False omits the encoding flag
    """
    return Request(
        f"running {logql}",
        "/loki/api/v1/query_range",
        params=params(
            {
                "query": _with_nonce(logql, nonce),
                "start": start_ns,
                "end": end_ns,
                "limit": limit,
                "direction": direction,
            }
        ),
        headers=(*_tenant(tenant), *([CATEGORIZE_LABELS] if labels_apart else []), *([NO_CACHE] if nonce else [])),
    )


def query_range(tenant: str, logql: str, start_ns: int, end_ns: int, step_seconds: int, *, nonce: str = "") -> Request:
    """Return the request for a metric query at every step of a range, both ends included.

    nonce   a text that no earlier query contained, to bypass the results cache; empty uses the cache
    """
    return Request(
        f"running {logql}",
        "/loki/api/v1/query_range",
        params=params(
            {"query": _with_nonce(logql, nonce), "start": start_ns, "end": end_ns, "step": step_seconds},
        ),
        headers=(*_tenant(tenant), *([NO_CACHE] if nonce else [])),
    )


def query(tenant: str, logql: str, at_ns: int) -> Request:
    """Return the request for a metric query at one moment."""
    return Request(
        f"running {logql}",
        "/loki/api/v1/query",
        params=params({"query": logql, "time": at_ns}),
        headers=_tenant(tenant),
    )


def labels(tenant: str, start_ns: int, end_ns: int) -> Request:
    """Return the request for the label names of the streams in the range."""
    return Request(
        "listing labels",
        "/loki/api/v1/labels",
        params=params({"start": start_ns, "end": end_ns}),
        headers=_tenant(tenant),
    )


def label_values(tenant: str, name: str, start_ns: int, end_ns: int) -> Request:
    """Return the request for the values of a label in the range."""
    return Request(
        f"listing the values of {name}",
        f"/loki/api/v1/label/{quote(name, safe='')}/values",
        params=params({"start": start_ns, "end": end_ns}),
        headers=_tenant(tenant),
    )


def series(tenant: str, selectors: Sequence[str], start_ns: int, end_ns: int) -> Request:
    """Return the request for the label sets of the streams in the range that match any of the selectors."""
    return Request(
        f"listing the streams of {', '.join(selectors)}",
        "/loki/api/v1/series",
        params=params({"match[]": selectors, "start": start_ns, "end": end_ns}),
        headers=_tenant(tenant),
    )


def index_stats(tenant: str, selector: str, start_ns: int, end_ns: int) -> Request:
    """Return the request for the size of a selector's streams, which the index knows without reading any chunk."""
    return Request(
        f"estimating {selector}",
        "/loki/api/v1/index/stats",
        params=params({"query": selector, "start": start_ns, "end": end_ns}),
        headers=_tenant(tenant),
    )


# The process itself


def ready() -> Request:
    """Return the request for the readiness, never retried: the caller polls."""
    return Request("asking for readiness", "/ready", idempotent=False)


def ring(which: Ring) -> Request:
    """Return the request for the members of a ring."""
    return Request(f"reading the {which.name.lower()} ring", str(which), headers=(("Accept", "application/json"),))


def build_info() -> Request:
    """Return the request for the running version."""
    return Request("reading the version", "/loki/api/v1/status/buildinfo")


def config() -> Request:
    """Return the request for the loaded configuration."""
    return Request("reading the configuration", "/config")


def tenant_limits(tenant: str) -> Request:
    """Return the request for the limits of a tenant."""
    return Request("reading the limits", "/config/tenant/v1/limits", headers=_tenant(tenant))


def metrics(path: str = "/metrics") -> Request:
    """Return the request for every metric of the process."""
    return Request("reading the metrics", path)


def flush() -> Request:
    """Return the request that makes an ingester flush every chunk."""
    return Request("flushing", "/flush", method="POST")


# Delete requests, answered by the compactor


def delete_requests(tenant: str) -> Request:
    """Return the request for the tenant's delete requests."""
    return Request("listing delete requests", "/loki/api/v1/delete", headers=_tenant(tenant))


def request_delete(tenant: str, logql: str, start_s: int, end_s: int) -> Request:
    """Return the request that deletes the lines of a log query, from `start_s` to `end_s`, Unix seconds."""
    return Request(
        f"asking to delete {logql}",
        "/loki/api/v1/delete",
        method="POST",
        params=params({"query": logql, "start": start_s, "end": end_s}),
        headers=_tenant(tenant),
        idempotent=False,
    )


def cancel_delete(tenant: str, request_id: str) -> Request:
    """Return the request that cancels a delete request."""
    return Request(
        f"cancelling delete request {request_id}",
        "/loki/api/v1/delete",
        method="DELETE",
        params=params({"request_id": request_id}),
        headers=_tenant(tenant),
    )


# Rules, answered by the ruler


def rule_groups(tenant: str) -> Request:
    """Return the request for the tenant's stored rule groups."""
    return Request("reading the rules", "/loki/api/v1/rules", headers=_tenant(tenant))


def set_rule_group(tenant: str, namespace: str, group: Mapping[str, object]) -> Request:
    """Return the request that stores a rule group, replacing one with its name."""
    return Request(
        f"storing the rule group {group['name']}",
        f"/loki/api/v1/rules/{quote(namespace, safe='')}",
        method="POST",
        headers=(*_tenant(tenant), ("Content-Type", "application/yaml")),
        body=yaml.safe_dump(dict(group), sort_keys=False).encode(),
    )


def delete_rule_group(tenant: str, namespace: str, group: str) -> Request:
    """Return the request that deletes a rule group."""
    return Request(
        f"deleting the rule group {group}",
        f"/loki/api/v1/rules/{quote(namespace, safe='')}/{quote(group, safe='')}",
        method="DELETE",
        headers=_tenant(tenant),
    )


def evaluated_rules(tenant: str) -> Request:
    """Return the request for the rule groups that the ruler has loaded."""
    return Request("reading the evaluations", "/prometheus/api/v1/rules", headers=_tenant(tenant))


def _record(line: LogLine) -> Record:
    labels, metadata = (tuple(sorted(pairs.items())) for pairs in (line.labels, line.structured_metadata))
    return Record(line.timestamp_ns, line.text, labels, metadata)


def _tenant(tenant: str) -> tuple[tuple[str, str], ...]:
    return ((TENANT_HEADER, tenant),) if tenant else ()


def _with_nonce(logql: str, nonce: str) -> str:
    """Return the same query with the nonce as a comment: results are cached by a query's text."""
    return f"{logql} # {nonce}" if nonce else logql
