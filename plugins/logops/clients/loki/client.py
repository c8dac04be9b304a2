"""A client for one Loki address: one process of a cluster, or the gateway in front of it.

The -target of the process decides which calls it answers: a distributor accepts pushes, a query-frontend or querier
answers queries, every process reports its readiness, version, configuration and metrics.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote

import yaml

from logops.clients.loki import answers
from logops.clients.loki.answers import Direction, Sample, Series, Statistics
from logops.clients.loki.auth import BasicAuth, BearerToken
from logops.clients.loki.connection import Call, Connection
from logops.clients.loki.deletes import DeleteRequest, delete_requests
from logops.clients.loki.entries import Entry, LogLine
from logops.clients.loki.errors import LokiAnswerError, LokiRefusedError
from logops.clients.loki.metrics import Metric, parse_metrics
from logops.clients.loki.paging import read_pages
from logops.clients.loki.process import BuildInfo, Readiness, build_info
from logops.clients.loki.push import push_body, requests_of
from logops.clients.loki.ring import Ring, RingMember, members
from logops.clients.loki.rules import EvaluatedGroup, evaluated_groups

Value = TypeVar("Value")


class LokiClient:
    """The calls of Loki's HTTP API that logops uses.

    Times are integer nanoseconds since the epoch, Loki's own unit (`entries.nanoseconds`). A tenant is sent as
    X-Scope-OrgID; an empty tenant sends no header. Every call raises LokiError (`errors`).
    """

    def __init__(
        self,
        url: str,
        *,
        auth: BasicAuth | BearerToken | None = None,
        verify: bool = True,
        connect_timeout: float = 3.0,
        read_timeout: float = 60.0,
        retry_for: float = 30.0,
    ) -> None:
        """Does not connect yet.

        Times are in seconds. `retry_for=0` never retries, `verify=False` accepts any TLS certificate.
        """
        self._connection = Connection(url, auth, verify, connect_timeout, read_timeout, retry_for)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the pooled connections."""
        self._connection.close()

    @property
    def url(self) -> str:
        return self._connection.url

    # Write

    def push(self, tenant: str, lines: Iterable[LogLine]) -> int:
        """Push lines in order, in requests of about a megabyte. Return how many Loki accepted.

        A temporary refusal is retried. That loses nothing, but a line may be stored twice. Loki drops one of two
        equal lines (stream, timestamp, text and structured metadata) if both are in one open block
        (pkg/chunkenc/unordered.go), or if a log query finds both (pkg/iter/entry_iterator.go). A metric query may
        count both, so count lines by their content.

        A stream accepts nothing older than half of ingester.max_chunk_age (an hour by default) before its newest
        entry: 400 "entry too far behind". The other lines of that request are accepted (pkg/ingester/stream.go).
        """
        taken = 0
        for batch in requests_of(lines):
            self._connection.send(
                Call(
                    f"pushing {len(batch)} lines",
                    "/loki/api/v1/push",
                    method="POST",
                    tenant=tenant,
                    body=push_body(batch),
                    headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
                )
            )
            taken += len(batch)
        return taken

    # Read

    def query_logs(
        self,
        tenant: str,
        logql: str,
        start_ns: int,
        end_ns: int,
        *,
        limit: int = 100,
        direction: Direction = Direction.BACKWARD,
    ) -> list[Entry]:
        """Run a log query over start <= timestamp < end. Return at most `limit` lines, starting at the end of
        `direction`."""
        call = Call(
            f"running {logql}",
            "/loki/api/v1/query_range",
            tenant=tenant,
            params={"query": logql, "start": start_ns, "end": end_ns, "limit": limit, "direction": direction},
            headers=answers.CATEGORIZE_LABELS,
        )
        return self._read(call, lambda answer: answers.entries(answer, direction))

    def measured_logs(
        self,
        tenant: str,
        logql: str,
        start_ns: int,
        end_ns: int,
        *,
        limit: int,
        fresh: bool = False,
        labels_apart: bool = True,
    ) -> tuple[list[Entry], Statistics]:
        """Return the newest lines of a log query, and its statistics.

        fresh         bypass the results cache
        labels_apart  False omits the encoding flag. With the flag, Loki 3.7 answers a query with an invalid stage
        (`|~ "("`)
                      with no lines; without it, Loki says why
        """
        call = Call(
            f"running {logql}",
            "/loki/api/v1/query_range",
            tenant=tenant,
            params={
                "query": answers.unlike_any_before(logql) if fresh else logql,
                "start": start_ns,
                "end": end_ns,
                "limit": limit,
                "direction": Direction.BACKWARD,
            },
            headers={
                **(answers.CATEGORIZE_LABELS if labels_apart else {}),
                **(answers.PAST_THE_CACHE if fresh else {}),
            },
        )
        return self._read(
            call, lambda answer: (answers.entries(answer, Direction.BACKWARD), answers.statistics(answer))
        )

    def measured_range(
        self, tenant: str, logql: str, start_ns: int, end_ns: int, step_seconds: int, *, fresh: bool = False
    ) -> tuple[list[Series], Statistics]:
        """Return the values of a metric query at every step of a range, and its statistics.

        fresh   bypass the results cache
        """
        call = Call(
            f"running {logql}",
            "/loki/api/v1/query_range",
            tenant=tenant,
            params={
                "query": answers.unlike_any_before(logql) if fresh else logql,
                "start": start_ns,
                "end": end_ns,
                "step": step_seconds,
            },
            headers=answers.PAST_THE_CACHE if fresh else None,
        )
        return self._read(call, lambda answer: (answers.series(answer), answers.statistics(answer)))

    def read_all(self, tenant: str, selector: str, start_ns: int, end_ns: int, page: int = 5000) -> Iterator[Entry]:
        """Yield every line of a log query over start <= timestamp < end, oldest first.

        page   lines per request, at most limits_config.max_entries_limit_per_query

        Raises LokiRefusedError if more than that many lines have the same timestamp.
        """

        def read_page(start_ns: int, end_ns: int, limit: int) -> list[Entry]:
            return self.query_logs(tenant, selector, start_ns, end_ns, limit=limit, direction=Direction.FORWARD)

        return read_pages(read_page, start_ns, end_ns, page)

    def query(self, tenant: str, logql: str, at_ns: int) -> list[Sample]:
        """Run a metric query at one moment."""
        call = Call(f"running {logql}", "/loki/api/v1/query", tenant=tenant, params={"query": logql, "time": at_ns})
        return self._read(call, answers.samples)

    def query_range(self, tenant: str, logql: str, start_ns: int, end_ns: int, step_seconds: int) -> list[Series]:
        """Run a metric query at every step of a range, both ends included."""
        call = Call(
            f"running {logql}",
            "/loki/api/v1/query_range",
            tenant=tenant,
            params={"query": logql, "start": start_ns, "end": end_ns, "step": step_seconds},
        )
        return self._read(call, answers.series)

    def labels(self, tenant: str, start_ns: int, end_ns: int) -> list[str]:
        """Return the label names of the streams in the range."""
        call = Call("listing labels", "/loki/api/v1/labels", tenant=tenant, params={"start": start_ns, "end": end_ns})
        return self._read(call, answers.label_values)

    def label_values(self, tenant: str, name: str, start_ns: int, end_ns: int) -> list[str]:
        """Return the values of a label in the range."""
        call = Call(
            f"listing the values of {name}",
            f"/loki/api/v1/label/{name}/values",
            tenant=tenant,
            params={"start": start_ns, "end": end_ns},
        )
        return self._read(call, answers.label_values)

    def series(self, tenant: str, selectors: Sequence[str], start_ns: int, end_ns: int) -> list[dict[str, str]]:
        """Return the label sets of the streams in the range that match any of the selectors."""
        call = Call(
            f"listing the streams of {', '.join(selectors)}",
            "/loki/api/v1/series",
            tenant=tenant,
            params={"match[]": list(selectors), "start": start_ns, "end": end_ns},
        )
        return self._read(call, answers.label_sets)

    # The process itself

    def ready(self) -> Readiness:
        """Ask once whether the process is ready. Raises LokiUnreachableError, LokiTimeoutError."""
        call = Call("asking for readiness", "/ready", repeatable=False)
        answer = self._connection.send(call, accept_status=frozenset({503}))
        return Readiness(answer.status_code == 200, answer.text.strip())

    def ring(self, which: Ring = Ring.INGESTER) -> list[RingMember]:
        """Return the members of a ring, as this process sees it. Raises LokiAnswerError if that ring is not in use."""
        call = Call(f"reading the {which.name.lower()} ring", which, headers={"Accept": "application/json"})
        return self._read(call, members)

    def build_info(self) -> BuildInfo:
        """Return the running version."""
        return self._read(Call("reading the version", "/loki/api/v1/status/buildinfo"), build_info)

    def config(self) -> dict[str, object]:
        """Return the loaded configuration with all defaults. Loki masks its secrets."""
        return self._read_yaml(Call("reading the configuration", "/config"))

    def tenant_limits(self, tenant: str) -> dict[str, object]:
        """Return the limits that this process applies to a tenant: its override, else the defaults.

        This shows whether an override was reloaded: Loki 3.7 has no /runtime_config. A tenant without an override
        and an unknown tenant look the same.
        """
        return self._read_yaml(Call("reading the limits", "/config/tenant/v1/limits", tenant=tenant))

    def metrics(self) -> list[Metric]:
        """Return every metric of the process; `metrics.total` selects from them."""
        call = Call("reading the metrics", "/metrics")
        answer = self._connection.send(call)
        try:
            return parse_metrics(answer.text)
        except ValueError as error:
            raise LokiAnswerError(f"{self._connection.doing(call)}: {error}") from error

    # Delete requests, answered by the compactor

    def delete_requests(self, tenant: str) -> list[DeleteRequest]:
        """Return the tenant's delete requests, processed or not, oldest first.

        Raises LokiRefusedError with status 403 if the tenant's deletion_mode is disabled.
        """
        call = Call("listing delete requests", "/loki/api/v1/delete", tenant=tenant)
        return self._read(call, delete_requests)

    def request_delete(self, tenant: str, logql: str, start_s: int, end_s: int) -> None:
        """Request the deletion of the lines of a log query, from `start_s` to `end_s`, Unix seconds.

        Loki starts when the request can no longer be cancelled (compactor.delete_request_cancel_period).
        """
        self._connection.send(
            Call(
                f"asking to delete {logql}",
                "/loki/api/v1/delete",
                method="POST",
                tenant=tenant,
                params={"query": logql, "start": start_s, "end": end_s},
                repeatable=False,
            )
        )

    def cancel_delete(self, tenant: str, request_id: str) -> None:
        """Cancel a delete request. Raises LokiRefusedError if it is too late."""
        self._connection.send(
            Call(
                f"cancelling delete request {request_id}",
                "/loki/api/v1/delete",
                method="DELETE",
                tenant=tenant,
                params={"request_id": request_id},
            )
        )

    # Rules, answered by the ruler

    def rule_groups(self, tenant: str) -> dict[str, object]:
        """Return the tenant's stored rule groups by namespace. The ruler loads changes at its next poll."""
        try:
            return self._read_yaml(Call("reading the rules", "/loki/api/v1/rules", tenant=tenant))
        except LokiRefusedError as refused:
            if refused.status == 404 and "no rule groups found" in refused.reason:
                return {}
            raise

    def set_rule_group(self, tenant: str, namespace: str, group: Mapping[str, object]) -> None:
        """Store a rule group, replacing one with its name. Raises LokiRefusedError with Loki's message."""
        self._connection.send(
            Call(
                f"storing the rule group {group['name']}",
                f"/loki/api/v1/rules/{quote(namespace, safe='')}",
                method="POST",
                tenant=tenant,
                body=yaml.safe_dump(dict(group), sort_keys=False).encode(),
                headers={"Content-Type": "application/yaml"},
            )
        )

    def delete_rule_group(self, tenant: str, namespace: str, group: str) -> None:
        """Delete a rule group. Raises LokiRefusedError with status 404 if there is none."""
        path = f"/loki/api/v1/rules/{quote(namespace, safe='')}/{quote(group, safe='')}"
        self._connection.send(Call(f"deleting the rule group {group}", path, method="DELETE", tenant=tenant))

    def evaluated_rules(self, tenant: str) -> list[EvaluatedGroup]:
        """Return the groups that the ruler has loaded, and the results of their last evaluations."""
        return self._read(Call("reading the evaluations", "/prometheus/api/v1/rules", tenant=tenant), evaluated_groups)

    # Ingesters

    def flush(self) -> None:
        """Make an ingester flush every chunk. It answers at once and flushes in the background.

        The index entries of the flushed chunks still wait for the rotation of the index file (15 minutes) or for a
        restart.
        """
        self._connection.send(Call("flushing", "/flush", method="POST"))

    def _read(self, call: Call, decode: Callable[[object], Value]) -> Value:
        answer = self._connection.json(call)
        try:
            return decode(answer)
        except answers.UnexpectedAnswerError as error:
            raise LokiAnswerError(f"{self._connection.doing(call)}: {error}") from error
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise LokiAnswerError(f"{self._connection.doing(call)}: not the JSON that Loki gives there") from error

    def _read_yaml(self, call: Call) -> dict[str, object]:
        answer = self._connection.send(call)
        try:
            loaded = yaml.load(answer.content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        except yaml.YAMLError as error:
            raise LokiAnswerError(f"{self._connection.doing(call)}: not YAML: {error}") from error
        if not isinstance(loaded, dict):
            raise LokiAnswerError(f"{self._connection.doing(call)}: expected YAML keys, got {answer.text[:200]}")
        return loaded
