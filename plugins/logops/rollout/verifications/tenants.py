"""Tenants: a line pushed for a tenant is read back by it and by no other, and Loki enforces the tenant's limits."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

from logops.clients.loki import Entry, LokiClient, nanoseconds
from logops.clients.loki.errors import LokiRefusedError
from logops.clients.loki.values import same_value
from logops.number_text import count_text
from logops.platforms.platform import DeployablePlatform
from logops.render.overrides import overrides
from logops.rollout.verifications.verification import NotVerifiedError, Verification, new_marker, wait_for

ARRIVE_SECONDS = 30.0
RELOAD_SECONDS = 30.0
LABELS = {"job": "logops-verify"}
SELECTOR = '{job="logops-verify"}'


def verifications(platform: DeployablePlatform) -> Iterator[Verification]:
    for name, cluster in platform.environment.clusters.items():
        for tenant in cluster.tenants:
            yield Verification("overrides-live", f"{name}/{tenant}", partial(_limits_live, platform, name, tenant))
            yield Verification(
                "line-read-back-by-its-tenant-only", f"{name}/{tenant}", partial(_alone, platform, name, tenant)
            )
        if cluster.auth_enabled:
            yield Verification("no-tenant-no-logs", name, partial(_refused_without_tenant, platform, name))


def _alone(platform: DeployablePlatform, cluster: str, tenant: str) -> str:
    marker = new_marker()
    now = datetime.now(UTC)
    line = Entry(nanoseconds(now), LABELS, f"{marker} written by logops to verify tenant {tenant}")
    with LokiClient(platform.write_url(cluster)) as writer:
        writer.push(tenant, [line])
    wait_for(
        lambda: True if _sees(platform, cluster, tenant, marker, now) else None,
        lambda: f"the pushed line {marker} was not read back by {tenant}",
        ARRIVE_SECONDS,
    )
    others = [
        (other_cluster, other)
        for other_cluster, declared in platform.environment.clusters.items()
        for other in declared.tenants
        if (other_cluster, other) != (cluster, tenant)
    ]
    if leaks := [f"{c}/{t}" for c, t in others if _sees(platform, c, t, marker, now)]:
        raise NotVerifiedError(f"the line of {cluster}/{tenant} is also seen by {', '.join(leaks)}")
    return f"read back; {len(others)} other tenants do not see it"


def _sees(platform: DeployablePlatform, cluster: str, tenant: str, marker: str, now: datetime) -> bool:
    window = (nanoseconds(now - timedelta(minutes=1)), nanoseconds(now + timedelta(minutes=1)))
    with LokiClient(platform.read_url(cluster)) as reader:
        return bool(reader.query_logs(tenant, f"{SELECTOR} |= `{marker}`", *window, limit=1))


def _refused_without_tenant(platform: DeployablePlatform, cluster: str) -> str:
    now = datetime.now(UTC)
    with LokiClient(platform.read_url(cluster)) as reader:
        try:
            reader.query_logs("", SELECTOR, nanoseconds(now - timedelta(minutes=1)), nanoseconds(now), limit=1)
        except LokiRefusedError as refused:
            if refused.status == 401:
                return "a query that names no tenant is refused (401)"
            raise
    raise NotVerifiedError("a query that names no tenant was answered")


def _limits_live(platform: DeployablePlatform, cluster: str, tenant: str) -> str:
    declared = overrides(platform.environment.clusters[cluster])["overrides"][tenant]
    differing: dict[str, tuple[object, object]] = {}
    with LokiClient(platform.write_url(cluster)) as client:

        def look() -> bool | None:
            reported = client.tenant_limits(tenant)
            differing.clear()
            for key, limit in declared.items():
                if not same_value(limit, reported.get(key)):
                    differing[key] = (limit, reported.get(key))
            return None if differing else True

        def missing() -> str:
            listed = "; ".join(f"{key} is {live!r}, declared {limit!r}" for key, (limit, live) in differing.items())
            return f"Loki reports other limits for {tenant}: {listed}; not reloaded"

        wait_for(look, missing, RELOAD_SECONDS)
    return f"{count_text(len(declared), 'limit')} as declared"
