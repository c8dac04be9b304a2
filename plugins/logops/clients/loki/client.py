"""A client for one Loki address: one process of a cluster, or the gateway in front of it.

The -target of the process decides which calls it answers: a distributor accepts pushes, a query-frontend or querier
answers queries, every process reports its readiness, version, configuration and metrics.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self
from uuid import uuid4

from logops.clients.http.auth import BasicAuth, BearerToken
from logops.clients.http.request import Outcome, Request
from logops.clients.http.retries import RetryPolicy
from logops.clients.http.transport import Transport
from logops.clients.loki import answers, requests
from logops.clients.loki.errors import LokiError
from logops.clients.loki.metrics import Metric
from logops.clients.loki.model import (
    BuildInfo,
    DeleteRequest,
    Direction,
    Entry,
    EvaluatedGroup,
    IndexStats,
    LogLine,
    Point,
    Readiness,
    Ring,
    RingMember,
    Series,
    Statistics,
)
from logops.clients.loki.paging import first_page, split_page


class LokiClient:
    """The calls of Loki's HTTP API that logops uses.

    Times are integer nanoseconds since the epoch, Loki's own unit (`nanoseconds`). A tenant is sent as
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
        base_url = requests.base_address(url)
        if isinstance(auth, BearerToken) and not auth.is_sendable:
            # Without this check, the error of http.client would contain the token.
            raise LokiError(
                f"connecting to Loki at {base_url}: the token contains a line break or a letter outside ASCII. "
                "Copy the token again."
            )
        self._transport = Transport(
            base_url,
            auth=auth,
            verify=verify,
            connect_timeout_s=connect_timeout,
            read_timeout_s=read_timeout,
        )
        self._policy = RetryPolicy(retry_for)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the pooled connections."""
        self._transport.close()

    @property
    def url(self) -> str:
        return self._transport.base_url

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
        accepted = 0
        for batch in requests.batches(lines):
            answers.accepted(self._send(requests.push(tenant, batch)))
            accepted += len(batch)
        return accepted

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
        request = requests.query_logs(tenant, logql, start_ns, end_ns, limit=limit, direction=direction)
        return answers.log_entries(self._send(request), direction)

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
        request = requests.query_logs(
            tenant,
            logql,
            start_ns,
            end_ns,
            limit=limit,
            direction=Direction.BACKWARD,
            nonce=uuid4().hex if fresh else "",
            labels_apart=labels_apart,
        )
        return answers.measured_entries(self._send(request), Direction.BACKWARD)

    def measured_range(
        self, tenant: str, logql: str, start_ns: int, end_ns: int, step_seconds: int, *, fresh: bool = False
    ) -> tuple[list[Series], Statistics]:
        """Return the values of a metric query at every step of a range, and its statistics.

        fresh   bypass the results cache
        """
        nonce = uuid4().hex if fresh else ""
        request = requests.query_range(tenant, logql, start_ns, end_ns, step_seconds, nonce=nonce)
        return answers.measured_series(self._send(request))

    def read_all(self, tenant: str, selector: str, start_ns: int, end_ns: int, page: int = 5000) -> Iterator[Entry]:
        """Yield every line of a log query over start <= timestamp < end, oldest first.

        page   lines per request, at most limits_config.max_entries_limit_per_query

        Raises LokiRefusedError if more than that many lines have the same timestamp.
        """
        next_page = first_page(start_ns, end_ns, page)
        while next_page is not None:
            entries = self.query_logs(
                tenant,
                selector,
                next_page.start_ns,
                next_page.end_ns,
                limit=next_page.limit,
                direction=Direction.FORWARD,
            )
            complete, next_page = split_page(next_page, entries, end_ns, page)
            yield from complete

    def query(self, tenant: str, logql: str, at_ns: int) -> list[Point]:
        """Run a metric query at one moment."""
        return answers.samples(self._send(requests.query(tenant, logql, at_ns)))

    def measured_query(self, tenant: str, logql: str, at_ns: int) -> tuple[list[Point], Statistics]:
        """Return the values of a metric query at one moment, and its statistics."""
        return answers.measured_samples(self._send(requests.query(tenant, logql, at_ns)))

    def query_range(self, tenant: str, logql: str, start_ns: int, end_ns: int, step_seconds: int) -> list[Series]:
        """Run a metric query at every step of a range, both ends included."""
        return answers.series(self._send(requests.query_range(tenant, logql, start_ns, end_ns, step_seconds)))

    def labels(self, tenant: str, start_ns: int, end_ns: int) -> list[str]:
        """Return the label names of the streams in the range."""
        return answers.label_values(self._send(requests.labels(tenant, start_ns, end_ns)))

    def label_values(self, tenant: str, name: str, start_ns: int, end_ns: int) -> list[str]:
        """Return the values of a label in the range."""
        return answers.label_values(self._send(requests.label_values(tenant, name, start_ns, end_ns)))

    def series(self, tenant: str, selectors: Sequence[str], start_ns: int, end_ns: int) -> list[dict[str, str]]:
        """Return the label sets of the streams in the range that match any of the selectors."""
        return answers.label_sets(self._send(requests.series(tenant, selectors, start_ns, end_ns)))

    def index_stats(self, tenant: str, selector: str, start_ns: int, end_ns: int) -> IndexStats:
        """Return the size of a selector's streams: the bytes that a query over the range reads at most, about."""
        return answers.index_stats(self._send(requests.index_stats(tenant, selector, start_ns, end_ns)))

    # The process itself

    def ready(self) -> Readiness:
        """Ask once whether the process is ready. Raises LokiUnreachableError, LokiTimeoutError."""
        return answers.readiness(self._send(requests.ready()))

    def ring(self, which: Ring = Ring.INGESTER) -> list[RingMember]:
        """Return the members of a ring, as this process sees it. Raises LokiAnswerError if that ring is not in use."""
        return answers.ring_members(self._send(requests.ring(which)))

    def build_info(self) -> BuildInfo:
        """Return the running version."""
        return answers.build_info(self._send(requests.build_info()))

    def config(self) -> dict[str, object]:
        """Return the loaded configuration with all defaults. Loki masks its secrets."""
        return answers.yaml_mapping(self._send(requests.config()))

    def tenant_limits(self, tenant: str) -> dict[str, object]:
        """Return the limits that this process applies to a tenant: its override, else the defaults.

        This shows whether an override was reloaded: Loki 3.7 has no /runtime_config. A tenant without an override
        and an unknown tenant look the same.
        """
        return answers.yaml_mapping(self._send(requests.tenant_limits(tenant)))

    def metrics(self, path: str = "/metrics", name: str = "") -> list[Metric]:
        """Return the metrics of the process whose names start with `name`; `total` selects from them."""
        return answers.metrics(self._send(requests.metrics(path)), name)

    # Delete requests, answered by the compactor

    def delete_requests(self, tenant: str) -> list[DeleteRequest]:
        """Return the tenant's delete requests, processed or not, oldest first.

        Raises LokiRefusedError with status 403 if the tenant's deletion_mode is disabled.
        """
        return answers.delete_requests(self._send(requests.delete_requests(tenant)))

    def request_delete(self, tenant: str, logql: str, start_s: int, end_s: int) -> None:
        """Request the deletion of the lines of a log query, from `start_s` to `end_s`, Unix seconds.

        Loki starts when the request can no longer be cancelled (compactor.delete_request_cancel_period).
        """
        answers.accepted(self._send(requests.request_delete(tenant, logql, start_s, end_s)))

    def cancel_delete(self, tenant: str, request_id: str) -> None:
        """Cancel a delete request. Raises LokiRefusedError if it is too late."""
        answers.accepted(self._send(requests.cancel_delete(tenant, request_id)))

    # Rules, answered by the ruler

    def rule_groups(self, tenant: str) -> dict[str, object]:
        """Return the tenant's stored rule groups by namespace. The ruler loads changes at its next poll."""
        return answers.rule_groups(self._send(requests.rule_groups(tenant)))

    def set_rule_group(self, tenant: str, namespace: str, group: Mapping[str, object]) -> None:
        """Store a rule group, replacing one with its name. Raises LokiRefusedError with Loki's message."""
        answers.accepted(self._send(requests.set_rule_group(tenant, namespace, group)))

    def delete_rule_group(self, tenant: str, namespace: str, group: str) -> None:
        """Delete a rule group. Raises LokiRefusedError with status 404 if the group does not exist."""
        answers.accepted(self._send(requests.delete_rule_group(tenant, namespace, group)))

    def evaluated_rules(self, tenant: str) -> list[EvaluatedGroup]:
        """Return the groups that the ruler has loaded, and the results of their last evaluations."""
        return answers.evaluated_groups(self._send(requests.evaluated_rules(tenant)))

    # Ingesters

    def flush(self) -> None:
        """Make an ingester flush every chunk. It answers at once and flushes in the background.

        The index entries of the flushed chunks still wait for the rotation of the index file (15 minutes) or for a
        restart.
        """
        answers.accepted(self._send(requests.flush()))

    def _send(self, request: Request) -> Outcome:
        return self._transport.send_with_retries(request, self._policy)
