"""Delete requests: the chunks that they excuse, and requests that are not carried out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from logops.audit.policy.retention import Windows
from logops.audit.survey.loki_state import LokiState
from logops.clients.loki import DeleteRequest
from logops.environment.cluster import Cluster
from logops.findings import Finding, Subject
from logops.findings.classes.audit import DELETE_REQUEST_STUCK

_CARRIED_OUT_MS = 86_400_000
"""A request covers many tables, and a run of the compactor handles a limited number: a day is normal."""


@dataclass(frozen=True)
class DeleteRange:
    """Lines that somebody asked Loki to delete: their chunks may be out of the index, and gone."""

    start_ms: int
    end_ms: int
    due_ms: int | None
    """Until when its chunks may still be in the bucket; None while it is not carried out."""


def ranges(requests: Iterable[DeleteRequest], cluster: Cluster, windows: Windows) -> tuple[DeleteRange, ...]:
    """Return what a tenant's requests excuse. Loki reports only that a request was carried out, not when."""
    late = cluster.compactor.delete_request_cancel_period.value + _CARRIED_OUT_MS + windows.cycle_ms
    return tuple(
        DeleteRange(
            int(request.start_time * 1000),
            int(request.end_time * 1000),
            int(request.created_at * 1000) + late + windows.delay_ms + windows.slack_ms if request.processed else None,
        )
        for request in requests
    )


def stuck(
    live: LokiState, declared: Cluster, windows: Windows, environment: str, cluster: str, as_of: datetime
) -> Iterator[Finding]:
    """Yield the requests that are overdue: they could no longer be cancelled, and the compactor has had a day and the
    environment's slack since."""
    cancel = declared.compactor.delete_request_cancel_period
    allowed = (cancel.value + _CARRIED_OUT_MS + windows.cycle_ms + windows.slack_ms) / 1000
    for tenant, requests in live.deletes.items():
        for request in requests:
            age = as_of.timestamp() - request.created_at
            if request.processed or age <= allowed:
                continue
            yield Finding(
                cls=DELETE_REQUEST_STUCK,
                subject=Subject(environment=environment, cluster=cluster, tenant=tenant, query=request.query),
                message=f"Delete request {request.request_id} for {request.query} from {_day(request.start_time)} to "
                f"{_day(request.end_time)} is {request.status!r}, {age / 3600:,.0f} hours after it was made; "
                f"it could be cancelled for {cancel}.",
                as_of=as_of,
                evidence={
                    "request": request.request_id,
                    "status": request.status,
                    "created": datetime.fromtimestamp(request.created_at, UTC).isoformat(),
                    "hours": round(age / 3600, 1),
                },
            )


def _day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"
