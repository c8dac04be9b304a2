"""A client for one Loki address: one process of a cluster, or the gateway before it.

Which calls an address answers depends on the -target of the process behind it: a distributor takes pushes, a
query-frontend or querier takes queries, every process tells its readiness, version, configuration and metrics.
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

    Times are integer nanoseconds since the epoch, Loki's own unit (`entries.nanoseconds` makes them).
    A tenant goes out as X-Scope-OrgID; an empty one sends no header. Every call raises LokiError (`errors`).
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
        """No connection is made yet. Times in seconds; `retry_for=0` never repeats a call, `verify=False` takes any TLS
        certificate."""
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

    # Writing

    def push(self, tenant: str, lines: Iterable[LogLine]) -> int:
        """Push lines in their order, in requests of about a megabyte; how many Loki took.

        What Loki refuses for the moment is pushed again. That loses nothing, but it can show: a line taken twice (the
        same stream, timestamp, text and structured metadata) is dropped where both copies meet in one open block
        (pkg/chunkenc/unordered.go) or come to a log query by two ways (pkg/iter/entry_iterator.go); a metric query may
        count both. So count lines by what is in them.

        A stream takes nothing older than half of ingester.max_chunk_age (an hour by default) before its newest entry:
        400 "entry too far behind", and the other lines of that request are taken (pkg/ingester/stream.go).
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

    # Reading

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
        """A log query over start <= timestamp < end: at most `limit` lines from the end that `direction` starts at."""
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
        """The newest lines of a log query, and what it took; `fresh`: past the cache of results.

        `labels_apart=False` leaves out the encoding flag: with it Loki 3.7 answers a query whose stages it cannot make
        (`|~ "("`) with no lines, and without it tells why.
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
        """A metric query at every step of a range, and what it took; `fresh`: past the cache of results."""
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
        """Every line of a log query over start <= timestamp < end, oldest first, however many there are.

        `page` is how many lines are asked for at once, at most limits_config.max_entries_limit_per_query.
        Raises LokiRefusedError where more than that many lines have one timestamp.
        """

        def read_page(start_ns: int, end_ns: int, limit: int) -> list[Entry]:
            return self.query_logs(tenant, selector, start_ns, end_ns, limit=limit, direction=Direction.FORWARD)

        return read_pages(read_page, start_ns, end_ns, page)

    def query(self, tenant: str, logql: str, at_ns: int) -> list[Sample]:
        """A metric query at one moment."""
        call = Call(f"running {logql}", "/loki/api/v1/query", tenant=tenant, params={"query": logql, "time": at_ns})
        return self._read(call, answers.samples)

    def query_range(self, tenant: str, logql: str, start_ns: int, end_ns: int, step_seconds: int) -> list[Series]:
        """A metric query at every step of a range, both ends included."""
        call = Call(
            f"running {logql}",
            "/loki/api/v1/query_range",
            tenant=tenant,
            params={"query": logql, "start": start_ns, "end": end_ns, "step": step_seconds},
        )
        return self._read(call, answers.series)

    def labels(self, tenant: str, start_ns: int, end_ns: int) -> list[str]:
        """The names of the labels that streams have in the range."""
        call = Call("listing labels", "/loki/api/v1/labels", tenant=tenant, params={"start": start_ns, "end": end_ns})
        return self._read(call, answers.label_values)

    def label_values(self, tenant: str, name: str, start_ns: int, end_ns: int) -> list[str]:
        """The values that a label has in the range."""
        call = Call(
            f"listing the values of {name}",
            f"/loki/api/v1/label/{name}/values",
            tenant=tenant,
            params={"start": start_ns, "end": end_ns},
        )
        return self._read(call, answers.label_values)

    def series(self, tenant: str, selectors: Sequence[str], start_ns: int, end_ns: int) -> list[dict[str, str]]:
        """The label sets of the streams that any of the selectors takes in the range."""
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
        """The members of a ring, as this process sees it. Raises LokiAnswerError where that ring is not in use."""
        call = Call(f"reading the {which.name.lower()} ring", which, headers={"Accept": "application/json"})
        return self._read(call, members)

    def build_info(self) -> BuildInfo:
        """The version that runs."""
        return self._read(Call("reading the version", "/loki/api/v1/status/buildinfo"), build_info)

    def config(self) -> dict[str, object]:
        """The configuration as loaded, every default filled in. Loki masks the secrets in it."""
        return self._read_yaml(Call("reading the configuration", "/config"))

    def tenant_limits(self, tenant: str) -> dict[str, object]:
        """The limits that this process holds for a tenant now: its override where there is one, else the defaults.

        This is where an override shows that has been reloaded: Loki 3.7 serves no /runtime_config. A tenant without an
        override and an unknown tenant look the same.
        """
        return self._read_yaml(Call("reading the limits", "/config/tenant/v1/limits", tenant=tenant))

    def metrics(self) -> list[Metric]:
        """Every metric of the process; `metrics.total` picks from them."""
        call = Call("reading the metrics", "/metrics")
        answer = self._connection.send(call)
        try:
            return parse_metrics(answer.text)
        except ValueError as error:
            raise LokiAnswerError(f"{self._connection.doing(call)}: {error}") from error

    # Deleting: answered by the compactor

    def delete_requests(self, tenant: str) -> list[DeleteRequest]:
        """The tenant's delete requests, carried out or not, oldest first.

        Raises LokiRefusedError with status 403 where the tenant's deletion_mode is disabled.
        """
        call = Call("listing delete requests", "/loki/api/v1/delete", tenant=tenant)
        return self._read(call, delete_requests)

    def request_delete(self, tenant: str, logql: str, start_s: int, end_s: int) -> None:
        """Ask to have the lines of a log query deleted, from `start_s` to `end_s`, Unix seconds. Loki begins when the
        request can no longer be cancelled (compactor.delete_request_cancel_period)."""
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
        """Take a delete request back. Raises LokiRefusedError where it is too late."""
        self._connection.send(
            Call(
                f"cancelling delete request {request_id}",
                "/loki/api/v1/delete",
                method="DELETE",
                tenant=tenant,
                params={"request_id": request_id},
            )
        )

    # Rules: answered by the ruler

    def rule_groups(self, tenant: str) -> dict[str, object]:
        """The tenant's rule groups as they are stored, by namespace. The ruler loads what changed at its next poll."""
        try:
            return self._read_yaml(Call("reading the rules", "/loki/api/v1/rules", tenant=tenant))
        except LokiRefusedError as refused:
            if refused.status == 404 and "no rule groups found" in refused.reason:
                return {}
            raise

    def set_rule_group(self, tenant: str, namespace: str, group: Mapping[str, object]) -> None:
        """Store a rule group, in place of one of its name. Raises LokiRefusedError with what is wrong with it."""
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
        """Forget a rule group. Raises LokiRefusedError with status 404 where there is none."""
        path = f"/loki/api/v1/rules/{quote(namespace, safe='')}/{quote(group, safe='')}"
        self._connection.send(Call(f"deleting the rule group {group}", path, method="DELETE", tenant=tenant))

    def evaluated_rules(self, tenant: str) -> list[EvaluatedGroup]:
        """The groups that the ruler has loaded, and how their last evaluations went."""
        return self._read(Call("reading the evaluations", "/prometheus/api/v1/rules", tenant=tenant), evaluated_groups)

    # Ingesters

    def flush(self) -> None:
        """Have an ingester flush every chunk it holds. It answers at once and flushes in the background.

        The index entries of what was flushed still wait for the index file to rotate (15 minutes) or for a restart.
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
