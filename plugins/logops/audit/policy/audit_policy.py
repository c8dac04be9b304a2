"""The policy that a cluster's chunks are judged by: what Loki applies if it answers, else what is declared."""

from collections.abc import Mapping
from dataclasses import dataclass

from logops.audit.policy.delete_requests import DeleteRange, ranges
from logops.audit.policy.retention import TenantRules, Tiering, Windows, declared_rules, default_rules, tiering, windows
from logops.audit.request import AuditRequest
from logops.audit.survey.loki_state import ROTATION_S, LokiState
from logops.environment import Environment


@dataclass(frozen=True)
class AuditPolicy:
    """The policy of a cluster at one moment."""

    rules: Mapping[str, TenantRules]
    """By tenant."""
    default: TenantRules
    """For a tenant that the environment does not declare."""
    tiering: Mapping[str, Tiering]
    deletes: Mapping[str, tuple[DeleteRange, ...]]
    windows: Windows
    markers: bool
    """Whether the sweeper reports chunks that it still has to delete, or no compactor could report it."""
    unindexed_since_ms: int | None = None
    """Chunks written later may be in no index because an ingester does not upload, which is reported instead. None: all
    do."""


def audit_policy(
    environment: Environment, cluster: str, live: LokiState, request: AuditRequest, now: float
) -> AuditPolicy:
    """Return the policy of a cluster whose processes were asked at `now`, Unix seconds."""
    declared = environment.clusters[cluster]
    overridden = {name: value for name in ("grace", "slack") if (value := getattr(request, name)) is not None}
    times = windows(declared, environment.audit.model_copy(update=overridden))
    return AuditPolicy(
        rules={**declared_rules(declared), **live.limits},
        default=default_rules(declared),
        tiering=tiering(declared),
        deletes={tenant: ranges(requests, declared, times) for tenant, requests in live.deletes.items()},
        windows=times,
        markers=_may_have_marks(live),
        unindexed_since_ms=_unindexed_since_ms(live, times, now),
    )


def _may_have_marks(live: LokiState) -> bool:
    at_work = any(compactor.running for compactor in live.compactors)
    return (
        not live.heard
        or any(compactor.marker_files for compactor in live.compactors)
        or bool(live.compactors and not at_work)
    )


def _unindexed_since_ms(live: LokiState, times: Windows, now: float) -> int | None:
    """A chunk that is written between two rotations is in the later index file: allow two rotations."""
    begun = [
        max(ingester.built, ingester.started) if not ingester.failing else ingester.started
        for ingester in live.ingesters
        if ingester.upload_fault(now, times.slack_ms / 1000)
    ]
    return int((min(begun) - 2 * ROTATION_S) * 1000) if begun else None
